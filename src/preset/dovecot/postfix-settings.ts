/** What `postconf -n` prints, or `main.cf` with its continued lines. */
export const postfixSettings = (text: string): ReadonlyMap<string, string> => {
  const joined = text.replace(/^\s*#.*\n?/gm, '').replace(/\n[ \t]+/g, ' ');
  return new Map(
    joined.split('\n').flatMap((line) => {
      const [, name, value] = /^(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value.trim()] as const];
    }),
  );
};

/** Absolute paths in the values of settings: of maps (`hash:/etc/aliases`), certificates, folders. */
export const pathsIn = (settings: ReadonlyMap<string, string>, names: RegExp): readonly string[] => [
  ...new Set(
    [...settings]
      .filter(([name]) => names.test(name))
      .flatMap(([, value]) => [...value.matchAll(/(?:^|[\s,:])(\/[^\s,]+)/g)].map((match) => match[1] ?? '')),
  ),
];
