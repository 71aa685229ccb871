import type { BrakeReason } from './damage-brake.ts';

/** So many earlier dumps say what is usual; of fewer nothing is known. */
const leastKnown = 3;
/** A dump that was always tiny may be smaller still. */
const tiny = 4096;

export const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
};

/** Why a dump of so many bytes is odd beside those before it; undefined: it is not, or too little is known. */
export const shrunkDump = (
  { dump, bytes, earlier }: { readonly dump: string; readonly bytes: number; readonly earlier: readonly number[] },
  shrinks: number,
): BrakeReason | undefined => {
  if (earlier.length < leastKnown) return undefined;
  const usual = medianOf(earlier);
  return usual > tiny && bytes < usual * (1 - shrinks) ? { kind: 'dump-shrank', dump, bytes, usual } : undefined;
};

const created = /^CREATE TABLE (?:IF NOT EXISTS )?(`(?:[^`]|``)+`|"(?:[^"]|"")+"|[^\s(;"]+(?:"[^"]+")?)/;

/** The table that a line of a dump makes (mariadb-dump, pg_dump, sqlite3 .dump); undefined: none. */
export const tableOfLine = (line: string): string | undefined =>
  line.startsWith('CREATE TABLE ') ? created.exec(line)?.[1]?.replaceAll(/[`"]/g, '') : undefined;
