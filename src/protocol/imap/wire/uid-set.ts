import { limits, misbehaved } from './limits.ts';

/** From the first until the last, both included. */
export interface UidRange {
  readonly first: number;
  readonly last: number;
}

/** Ranges in ascending order that neither touch nor overlap. */
export type UidSet = readonly UidRange[];

/** UIDs have 32 bits. */
export const highestUid = 4_294_967_295;

/** In any order; twice counts once. */
export const uidSetOf = (uids: Iterable<number>): UidSet => {
  const sorted = Float64Array.from(uids).sort();
  const ranges: { first: number; last: number }[] = [];
  for (const uid of sorted) {
    const range = ranges.at(-1);
    if (range !== undefined && uid <= range.last + 1) range.last = uid;
    else ranges.push({ first: uid, last: uid });
  }
  return ranges;
};

export const normalUidSet = (ranges: readonly UidRange[]): UidSet => {
  const sorted = ranges.toSorted((left, right) => left.first - right.first);
  const normal: { first: number; last: number }[] = [];
  for (const { first, last } of sorted) {
    const range = normal.at(-1);
    if (range === undefined || first > range.last + 1) normal.push({ first, last });
    else range.last = Math.max(range.last, last);
  }
  return normal;
};

/** `1:5,7` as the server sends it, in any order, ranges either way round. */
export const parseUidSet = (text: string): UidSet => {
  if (text === '') return [];
  const parts = text.split(',');
  if (parts.length > limits.ranges) throw misbehaved('a set of UIDs has too many parts');
  const ranges = parts.map((part): UidRange => {
    const match = /^(\d{1,10})(?::(\d{1,10}|\*))?$/.exec(part);
    if (match === null) throw misbehaved(`"${part.slice(0, 40)}" is no set of UIDs`);
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : match[2] === '*' ? highestUid : Number(match[2]);
    return { first: Math.min(from, to), last: Math.max(from, to) };
  });
  return normalUidSet(ranges);
};

export const formatUidSet = (set: UidSet): string =>
  set.map(({ first, last }) => (first === last ? String(first) : `${first}:${last}`)).join(',');

export const countOfUids = (set: UidSet): number => set.reduce((sum, { first, last }) => sum + last - first + 1, 0);

export const hasUid = (set: UidSet, uid: number): boolean => {
  let low = 0;
  let high = set.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = set[middle];
    if (range === undefined) return false;
    if (uid < range.first) high = middle - 1;
    else if (uid > range.last) low = middle + 1;
    else return true;
  }
  return false;
};

/** All of them, one by one; only for sets that are known to be small enough. */
export function* uidsOf(set: UidSet): Generator<number, void> {
  for (const { first, last } of set) for (let uid = first; uid <= last; uid++) yield uid;
}

/** Sets whose written form has at most so many characters: servers cap the length of a command line (8,000 and less). */
export function* splitUidSet(set: UidSet, characters: number): Generator<UidSet, void> {
  let part: UidRange[] = [];
  let length = 0;
  for (const range of set) {
    const more = formatUidSet([range]).length + 1;
    if (part.length > 0 && length + more > characters) {
      yield part;
      part = [];
      length = 0;
    }
    part.push(range);
    length += more;
  }
  if (part.length > 0) yield part;
}
