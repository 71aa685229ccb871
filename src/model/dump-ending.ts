/** How many of a dump's last bytes are to be looked at. */
export const dumpEndingBytes = 1024;

/**
 * `-- Dump completed on 2026-01-02 03:04:05`, without the date where it was left out: the last line of mariadb-dump and
 * mysqldump. A line break inside a value is written as `\n`, so no value can hold this line.
 */
const mariadbEnding = /(?:^|\n)-- Dump completed(?: on \d{4}-\d\d-\d\d +\d?\d:\d\d:\d\d)?\r?\n+$/;

/** The last comment of pg_dump and pg_dumpall; since 2025 a line that ends the restricted mode follows. */
const postgresEnding =
  /(?:^|\n)--\n-- PostgreSQL database (?:cluster )?dump complete\n--\n\s*(?:\\unrestrict [A-Za-z0-9]+\s*)?$/;

/** Opcode 0xFF and eight bytes of a checksum end a file of Redis. */
const redisEnding = /\xff[\s\S]{8}$/;

const endings: readonly (readonly [suffix: string, endings: readonly RegExp[]])[] = [
  ['.sql', [mariadbEnding, postgresEnding]],
  ['.rdb', [redisEnding]],
];

/**
 * Whether the end of a dump says that nothing is missing. `unknown` for a file whose kind has no ending of its own.
 *
 * @param name what the dump is called: `usermgmt.sql`, `users.sql`, `dump.rdb`.
 * @param ending its last `dumpEndingBytes` bytes, or all of it, a character a byte.
 */
export const dumpEndingOf = (name: string, ending: string): 'whole' | 'cut' | 'unknown' => {
  const known = endings.find(([suffix]) => name.endsWith(suffix));
  if (known === undefined) return 'unknown';
  return known[1].some((pattern) => pattern.test(ending)) ? 'whole' : 'cut';
};
