import type { Expected, Source } from '../../../contract/source.ts';
import type { StoredSnapshot } from '../../../contract/store.ts';
import type { Event } from '../../../model/event.ts';

type Totals = Pick<Extract<Event, { kind: 'progress' }>, 'totalFiles' | 'totalBytes'>;

const ofParent = (parent: StoredSnapshot | undefined): Expected | undefined => {
  const summary = parent?.snapshot.summary;
  return summary && { files: summary.totalFilesProcessed, bytes: summary.totalBytesProcessed };
};

/**
 * The totals of a capture that has done so much: what the source expects, else those of the parent, which are not far off as a
 * rule. Never less than what is done.
 */
export const captureTotals = (
  { source, parent }: { readonly source: Source; readonly parent: StoredSnapshot | undefined },
  done: { readonly files: number; readonly bytes: number },
): Totals => {
  const expected = source.expected?.() ?? ofParent(parent);
  if (expected === undefined) return {};
  const totalFiles = Math.max(expected.files, done.files);
  return expected.bytes === undefined
    ? { totalFiles }
    : { totalFiles, totalBytes: Math.max(expected.bytes, done.bytes) };
};
