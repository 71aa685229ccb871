import { type PackedFiles, packedName, placeInPacked } from '../../contract/packed-files.ts';
import type { BaseEntry } from '../../contract/source.ts';
import { identityOf } from '../../mail/maildir-name.ts';
import { byteStringOfLatin1, type ByteString } from '../../model/byte-string.ts';
import type { MessageWindow } from './message-window.ts';

/** Finds messages of the base by their identity among what it has packed. */
export const createPackedWindow = (packed: PackedFiles): MessageWindow => ({
  find: (name) => {
    const identity = identityOf(name);
    const found: BaseEntry[] = packed.others.filter(({ entry }) => identityOf(entry.name) === identity);
    // An identity is a beginning of the names that have it.
    for (let number = placeInPacked(packed, identity); number < packed.count; number++) {
      const candidate = nameAt(packed, number);
      if (!candidate.startsWith(identity)) break;
      if (identityOf(candidate) === identity) found.push(packed.entry(number));
    }
    return found;
  },
  close: async () => {},
});

const nameAt = (packed: PackedFiles, number: number): ByteString => byteStringOfLatin1(packedName(packed, number));
