import type { FreshChild } from '../../../contract/source.ts';
import { formatEntryLine } from '../manifest/entry-line.ts';
import { type PageContent, type Placing, placing } from '../threads/page-job.ts';
import { placingOfBase } from '../threads/page-placer.ts';

/** One entry on its way to a thread. */
export interface PlacedItem {
  readonly line: string;
  readonly how: Placing;
  /** As in `PageContent`. */
  readonly from: string;
}

export const contentOf = (items: readonly PlacedItem[]): Extract<PageContent, { readonly kind: 'lines' }> => ({
  kind: 'lines',
  lines: items.map(({ line }) => line),
  placings: items.map(({ how }) => how),
  from: items.map(({ from }) => from),
});

/** Of what needs no delivery. */
export const freshItem = ({ entry, content }: FreshChild): PlacedItem => {
  const line = formatEntryLine({ entry, sha256: '' });
  if (content.kind === 'local-file') return { line, how: placing.copy, from: content.file };
  return { line, how: placingOfBase(line), from: '' };
};
