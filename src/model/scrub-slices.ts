/** Into how many slices the files of a disk fall, by the first byte of their SHA-256. */
export const sliceCount = 256;

/** When each slice was read last, as a whole, in milliseconds since 1970; undefined: never. */
export type SliceTimes = readonly (number | undefined)[];

export const noSliceTimes: SliceTimes = Array.from({ length: sliceCount }, () => undefined);

/** How much is to be read. */
export type ScrubAmount =
  | { readonly kind: 'all' }
  /** 0 to 1. */
  | { readonly kind: 'share'; readonly share: number }
  /** What is due when all is to be read within so many milliseconds. */
  | { readonly kind: 'within'; readonly within: number };

/** What was said to be read later than now was read at a time that nobody knows. */
const known = (time: number | undefined, now: number): number | undefined =>
  time === undefined || time > now ? undefined : time;

/** The first round, and clocks that were wrong: as if the last night was a day ago. */
const usualPause = 86_400_000;
/** So that what is read within the time is never just too old. */
const margin = 0.9;

const countOf = (times: SliceTimes, amount: ScrubAmount, now: number): number => {
  switch (amount.kind) {
    case 'all':
      return sliceCount;
    case 'share':
      return Math.ceil(sliceCount * amount.share);
    case 'within': {
      const newest = Math.max(...times.map((time) => known(time, now) ?? 0));
      const elapsed = newest === 0 ? usualPause : now - newest;
      return Math.ceil((sliceCount * elapsed) / (amount.within * margin));
    }
  }
};

/** The slices that are to be read now, those first that have waited longest. At least one. */
export const dueSlices = (times: SliceTimes, amount: ScrubAmount, now: number): readonly number[] => {
  const ordered = times
    .map((time, slice) => ({ slice, time: known(time, now) ?? 0 }))
    .sort((left, right) => left.time - right.time || left.slice - right.slice);
  const count = Math.max(1, countOf(times, amount, now));
  const isLate = (time: number): boolean => amount.kind === 'within' && time > 0 && time < now - amount.within;
  return ordered.filter(({ time }, at) => at < count || isLate(time)).map(({ slice }) => slice);
};

/** Since when every file of the disk was read; undefined: some never were. */
export const allReadSince = (times: SliceTimes): number | undefined => {
  const read = times.filter((time) => time !== undefined);
  return read.length === sliceCount ? Math.min(...read) : undefined;
};

/** Of a SHA-256 in hexadecimal, or a line that begins with one. */
export const sliceOf = (sha256: string): number => Number.parseInt(sha256.slice(0, 2), 16);
