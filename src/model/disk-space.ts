/** A file system's room, in bytes. */
export interface DiskSpace {
  readonly total: number;
  readonly used: number;
  /** For us: what is set aside for root is not in it, unless we are root. */
  readonly free: number;
}

/** As df(1) counts and rounds it: of what can be used, and upwards. */
export const usedPercent = ({ used, free }: DiskSpace): number =>
  used + free === 0 ? 100 : Math.ceil((100 * used) / (used + free));

/** How many nights back it is looked for the largest. */
const lookedBack = 3;

/**
 * What the next backup is likely to write: as much as the largest of the last few did, or, before there was one, as much as lies in
 * the sources. `written` has the newest first.
 */
export const estimateOf = (written: readonly number[], inSources: number): number =>
  written.length === 0 ? inSources : Math.max(...written.slice(0, lookedBack));

/** Requirement B6: "full" means that what is likely to be written, and the reserve, exceed what is free. */
export const isTooFull = (space: DiskSpace, estimate: number, reserve: number): boolean =>
  estimate + reserve > space.free;
