import type { Base, Child, Source } from '../../contract/source.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { isSampled } from '../../model/drill/sample.ts';
import type { RestoredAmount } from '../../model/drill/recovery-time.ts';
import { identityOf } from '../../mail/maildir-name.ts';

export interface Sampling {
  /** 1: all. */
  readonly share: number;
  readonly salt: string;
}

/** Counts what a component has, and what of it is restored. */
export interface AmountTally {
  whole: RestoredAmount;
  part: RestoredAmount;
}

export const newTally = (): AmountTally => ({ whole: { files: 0, bytes: 0 }, part: { files: 0, bytes: 0 } });

/** Whether a message is of the sample, by the name of its file. */
export const isWanted = (name: ByteString, sampling: Sampling): boolean =>
  name.startsWith('.') || isSampled(identityOf(name), sampling);

const added = ({ files, bytes }: RestoredAmount, size: number): RestoredAmount => ({
  files: files + 1,
  bytes: bytes + size,
});

async function* narrowed(
  pages: AsyncIterable<readonly Child[]>,
  wants: (name: ByteString) => boolean,
  tally: AmountTally,
): AsyncGenerator<readonly Child[], void> {
  for await (const children of pages) {
    const kept: Child[] = [];
    for (const child of children) {
      if (child.kind !== 'fresh') {
        kept.push(child);
        continue;
      }
      tally.whole = added(tally.whole, child.entry.size);
      if (!wants(child.entry.name)) continue;
      tally.part = added(tally.part, child.entry.size);
      kept.push(child);
    }
    yield kept;
  }
}

/** The part of a component that a drill restores: of messages the sample, of all else everything. Each capture counts anew. */
export const sampledSource = (source: Source, sampling: Sampling, tally: AmountTally): Source => ({
  description: source.description,
  capture: async function* (_base: Base | undefined, run) {
    Object.assign(tally, newTally());
    for await (const directory of source.capture(undefined, run)) {
      const { path, listing } = directory;
      const last = path.at(-1);
      const holdsMessages = last === 'cur' || last === 'new';
      if (listing.kind !== 'listed') yield directory;
      else {
        const wants = (name: ByteString): boolean => !holdsMessages || isWanted(name, sampling);
        yield { ...directory, listing: { kind: 'listed', pages: narrowed(listing.pages, wants, tally) } };
      }
    }
  },
  read: (requests, pieces, run) => source.read(requests, pieces, run),
  ...(source.digests === undefined ? {} : { digests: source.digests.bind(source) }),
  relocate: async () => undefined,
  close: () => source.close(),
});
