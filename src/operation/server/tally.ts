import { stayingCounts } from '../../contract/packed-files.ts';
import type { Run } from '../../contract/run.ts';
import type { CapturedDirectory, Child } from '../../contract/source.ts';
import { addCounts, type Counts, noCounts } from '../../model/entry.ts';

/** What passed by of a component so far. */
export interface Tally {
  counts: Counts;
  /** Entries that could not be read. */
  unreadable: number;
}

export const newTally = (): Tally => ({ counts: noCounts, unreadable: 0 });

const countChild = (child: Child, tally: Tally): void => {
  if (child.kind === 'carried') tally.unreadable++;
  else if (child.kind !== 'directory') {
    const bytes = child.entry.type === 'file' ? child.entry.size : 0;
    tally.counts = addCounts(tally.counts, { files: 1, directories: 0, bytes });
  }
};

async function* countPages(pages: AsyncIterable<readonly Child[]>, tally: Tally): AsyncGenerator<readonly Child[]> {
  for await (const page of pages) {
    for (const child of page) countChild(child, tally);
    yield page;
  }
}

/** Passes a directory on, and counts what it lists while that is taken. `path` begins with the name of the component. */
export const counted = async (directory: CapturedDirectory, tally: Tally, run: Run): Promise<CapturedDirectory> => {
  const { listing, path } = directory;
  if (path.length > 1) tally.counts = addCounts(tally.counts, { files: 0, directories: 1, bytes: 0 });
  switch (listing.kind) {
    case 'same':
      tally.counts = addCounts(tally.counts, await listing.base.counts(run));
      return directory;
    case 'carried':
      tally.unreadable++;
      return directory;
    case 'amended':
      tally.counts = addCounts(tally.counts, stayingCounts(listing.packed, listing.removed));
      return { ...directory, listing: { ...listing, pages: countPages(listing.pages, tally) } };
    case 'listed':
      return { ...directory, listing: { ...listing, pages: countPages(listing.pages, tally) } };
  }
};
