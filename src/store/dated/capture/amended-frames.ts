import { packedName } from '../../../contract/packed-files.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import { nameOfLine } from '../manifest/entry-line.ts';
import { linesPerFrame } from '../manifest/frame.ts';
import type { PackedLines, PackedPage } from '../manifest/packed-lines.ts';
import type { PageContent } from '../threads/page-job.ts';
import { contentOf, type PlacedItem } from './placed-item.ts';

export interface AmendedParts {
  readonly packed: PackedLines;
  /** A number for each packed file; where it is not 0, the file is taken out. */
  readonly removed: Uint8Array;
  /** In which the pages of the base lie. */
  readonly file: ByteString;
}

/** The pages of an amended folder, each as soon as it is known what comes in among its lines. */
export interface AmendedFrames {
  /** In the order of names, over all calls. */
  add(items: readonly PlacedItem[]): Generator<PageContent, void>;
  rest(): Generator<PageContent, void>;
}

/** The number of lines of an amended page is that of the base's, give or take: only the last one grows, until it has enough. */
export const createAmendedFrames = ({ packed, removed, file }: AmendedParts): AmendedFrames => {
  const { pages } = packed;
  let at = 0;
  let coming: PlacedItem[] = [];
  const lastOf = (number: number): string | undefined => {
    const end = pages[number + 1]?.first ?? packed.count;
    return end > (pages[number]?.first ?? 0) ? packedName(packed, end - 1) : undefined;
  };
  const next = (items: readonly PlacedItem[]): PageContent | undefined => {
    const page = pages[at++];
    return page === undefined ? undefined : amended({ page, packed, removed, file }, items);
  };
  function* onward(items: readonly PlacedItem[]): Generator<PageContent, void> {
    const content = next(items);
    if (content !== undefined) yield content;
  }
  return {
    add: function* (items) {
      for (const item of items) {
        const name = nameOfLine(item.line);
        while (at < pages.length - 1 && isBehind(name, lastOf(at))) {
          yield* onward(coming);
          coming = [];
        }
        coming.push(item);
      }
    },
    rest: function* () {
      while (at < pages.length - 1) {
        yield* onward(coming);
        coming = [];
      }
      const last = pages[at];
      const end = lastOf(at);
      const isRoomy = last !== undefined && last.lines + coming.length <= linesPerFrame;
      const inside = last === undefined ? 0 : isRoomy ? coming.length : countTo(coming, end);
      yield* onward(coming.slice(0, inside));
      for (let from = inside; from < coming.length; from += linesPerFrame) {
        yield contentOf(coming.slice(from, from + linesPerFrame));
      }
    },
  };
};

const isBehind = (name: string, end: string | undefined): boolean => end === undefined || name > end;

/** How many come before the end of a page. */
const countTo = (items: readonly PlacedItem[], end: string | undefined): number => {
  const behind = items.findIndex(({ line }) => isBehind(nameOfLine(line), end));
  return behind < 0 ? items.length : behind;
};

interface AmendedPage extends AmendedParts {
  readonly page: PackedPage;
}

/** Undefined: nothing is left of it. A page that stays as it is goes on as it lies there. */
const amended = (
  { page, packed, removed, file }: AmendedPage,
  items: readonly PlacedItem[],
): PageContent | undefined => {
  const { frame, lines, first, others } = page;
  const left = new Uint8Array(lines);
  for (const other of others) left[other] = 1;
  let number = first;
  let gone = others.length;
  for (let at = 0; at < lines; at++) {
    if (left[at] !== 0) continue;
    if (removed[number++] === 0) continue;
    left[at] = 1;
    gone++;
  }
  if (number > packed.count) throw new RangeError('a page has more files than are packed');
  const place = { file, offset: frame.offset, length: frame.length };
  if (gone === 0 && items.length === 0) return { kind: 'frame', ...place };
  if (gone === lines && items.length === 0) return undefined;
  return { ...contentOf(items), kind: 'amended', left, ...place };
};
