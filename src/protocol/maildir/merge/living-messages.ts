import type { Run } from '../../../contract/run.ts';
import type { MessageTraits } from '../../../mail/merge/folder-merge.ts';
import { identityOf } from '../../../mail/maildir-name.ts';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Posix } from '../../../system/posix.ts';
import { createMetadataReader } from '../../files/local-metadata.ts';
import { lookAt } from '../../files/target-decision.ts';
import { childPath } from '../../files/target-name.ts';
import { scanSettled } from '../settled-scan.ts';

export interface LivingMessages {
  /** Undefined: there is none of this base name. `moving`: there was one, under a name that it has no more. */
  find(identity: ByteString): MessageTraits | 'moving' | undefined;
  /** Absolute. */
  placeOf(identity: ByteString): ByteString | undefined;
}

/** The messages of a Maildir folder that is in use, by their base names. Names that begin with a dot are no messages. */
export const readLivingMessages = async (
  folder: ByteString,
  posix: Posix | undefined,
  run: Run,
): Promise<LivingMessages> => {
  const reader = createMetadataReader({ posix, onFault: () => {} });
  const places = new Map<ByteString, ByteString>();
  // New mail moves from `new` to `cur`: in this order none is missed.
  for (const part of ['new', 'cur'].map(byteStringOfLatin1)) {
    const scan = await scanSettled(childPath(folder, part), { reader, run });
    for (const name of scan?.names ?? []) {
      if (!name.startsWith('.')) places.set(identityOf(name), childPath(part, name));
    }
  }
  const placeOf = (identity: ByteString): ByteString | undefined => {
    const place = places.get(identity);
    return place === undefined ? undefined : childPath(folder, place);
  };
  return {
    placeOf,
    find: (identity) => {
      const place = placeOf(identity);
      if (place === undefined) return undefined;
      const stats = lookAt(place);
      return stats === undefined ? 'moving' : { size: Number(stats.size), mtime: stats.mtimeNs };
    },
  };
};
