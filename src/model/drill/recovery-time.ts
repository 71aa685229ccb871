import type { DrillTime } from './drill-record.ts';

export interface RestoredAmount {
  readonly files: number;
  readonly bytes: number;
}

/**
 * What a component would take as a whole, from what a part of it took. Small files cost by their number, large ones by their
 * bytes: the greater of the two counts.
 */
export const extrapolated = (
  name: string,
  measured: number,
  { part, whole }: { readonly part: RestoredAmount; readonly whole: RestoredAmount },
): DrillTime => {
  const ratio = (of: (amount: RestoredAmount) => number): number => (of(part) > 0 ? of(whole) / of(part) : 1);
  const factor = Math.max(
    1,
    ratio(({ files }) => files),
    ratio(({ bytes }) => bytes),
  );
  return { name, measured, whole: Math.round(measured * factor), bytes: part.bytes, wholeBytes: whole.bytes };
};

/** Components come back one after another. */
export const recoveryTime = (times: readonly DrillTime[]): number => times.reduce((sum, { whole }) => sum + whole, 0);
