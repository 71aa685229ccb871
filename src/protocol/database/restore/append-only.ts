/** Which files Redis is to read instead of those that its list of append-only files (the manifest) names. */
export interface AppendOnlyFiles {
  /** A file of Redis (RDB), which may stand at the beginning. */
  readonly base: string;
  /** What follows it: has to be there, and empty. */
  readonly increment: string;
  readonly manifest: string;
}

/**
 * Where there are append-only files Redis reads them, and not `dump.rdb`. Those that this gives have numbers that none of the manifest's has: what it
 * names stays as it is, and so it can be put back. A file of the same number would be written on to.
 *
 * @param name as `appendfilename` says it.
 * @param manifest undefined where there is none.
 */
export const nextAppendOnlyFiles = (name: string, manifest: string | undefined): AppendOnlyFiles => {
  const numbers = [...(manifest ?? '').matchAll(/ seq (\d+) type /g)].map(([, number]) => Number(number));
  const next = Math.max(0, ...numbers) + 1;
  const [base, increment] = [`${name}.${next}.base.rdb`, `${name}.${next}.incr.aof`];
  return { base, increment, manifest: `file ${base} seq ${next} type b\nfile ${increment} seq ${next} type i\n` };
};
