export interface Choice {
  readonly databases?: readonly string[] | undefined;
  readonly exclude: readonly string[];
}

/** Which of the databases of a server are wanted, and which are wanted and not there. */
export const chooseDatabases = <Listed extends { readonly name: string }>(
  listed: readonly Listed[],
  { databases, exclude }: Choice,
): { readonly chosen: readonly Listed[]; readonly absent: readonly string[] } => {
  const isWanted = (name: string): boolean => (databases?.includes(name) ?? true) && !exclude.includes(name);
  const there = new Set(listed.map(({ name }) => name));
  return {
    chosen: listed.filter(({ name }) => isWanted(name)),
    absent: [...new Set(databases)].filter((name) => isWanted(name) && !there.has(name)),
  };
};
