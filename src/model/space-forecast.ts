import { medianOf } from './usual-dump.ts';

/** How full a disk was when a night had ended. */
export interface SpacePoint {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly used: number;
  readonly total: number;
}

export interface SpaceForecast {
  /** Growth, what leaves taken off. */
  readonly bytesPerDay: number;
  /** Whole days until it is full. */
  readonly days: number;
}

const day = 86_400_000;
/** Of fewer nights, or a shorter time, nothing is known. */
const leastPoints = 10;
const leastSpan = 14 * day;
/** Longer ago than this it was another life; in memory and time it is the square of it. */
const mostPoints = 120;
/** What lies further ahead nobody can tell. */
const mostDays = 730;

const slopesOf = (points: readonly SpacePoint[]): readonly number[] =>
  points.flatMap((left, at) =>
    points.slice(at + 1).flatMap((right) => {
      const days = (right.time - left.time) / day;
      // Of two runs in one night growth is noise.
      return days < 0.5 ? [] : [(right.used - left.used) / days];
    }),
  );

/**
 * When a disk is full if it goes on as it did: the median of the slopes between all pairs of nights (Theil and Sen), which a night that wrote much, or
 * a week that left, does not lead astray. Undefined: too little is known, the disk does not grow, not even most pairs say that it does, or it is far
 * ahead. `points` in any order; those of another disk (another size) count for nothing.
 */
export const forecastOf = (
  points: readonly SpacePoint[],
  { free, total }: { readonly free: number; readonly total: number },
): SpaceForecast | undefined => {
  const own = points
    .filter((point) => point.total === total)
    .toSorted((left, right) => left.time - right.time)
    .slice(-mostPoints);
  const [first, last] = [own.at(0), own.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  if (own.length < leastPoints || last.time - first.time < leastSpan) return undefined;
  const slopes = slopesOf(own);
  const bytesPerDay = medianOf(slopes);
  const growing = slopes.filter((slope) => slope > 0).length;
  if (bytesPerDay <= 0 || growing < 0.75 * slopes.length) return undefined;
  const days = Math.floor(free / bytesPerDay);
  return days > mostDays ? undefined : { bytesPerDay: Math.round(bytesPerDay), days };
};
