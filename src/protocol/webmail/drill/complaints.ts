export interface Complaints {
  /** What the database refused, by its own words; undefined: nothing. */
  readonly database: string | undefined;
  /** The last error of any kind. */
  readonly last: string | undefined;
}

const longest = 300;

/** Without the statement: it has what people wrote, and their sessions. Nor where in the program it was. */
const databaseError = /DB Error: (.+?)(?: \(SQL Query: .*| in \/\S+ on line .*)?$/;
/** Without the trace that may follow, and the mark of the session before it. */
const otherError =
  /((?:PHP |IMAP )?(?:Fatal error|Parse error|Error): .+?)(?: in \/\S+ on line \d+(?: \([A-Z]+ .*)?)?$/i;

const cut = (text: string, secrets: readonly string[]): string =>
  secrets
    .filter((secret) => secret !== '')
    .reduce((kept, secret) => kept.replaceAll(secret, '•••'), text)
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, longest);

/** What stands in the log of a Roundcube. `secrets`: what must not be repeated. */
export const complaintsIn = (log: string, secrets: readonly string[]): Complaints => {
  let [database, last]: (string | undefined)[] = [];
  for (const line of log.split('\n')) {
    const refused = databaseError.exec(line)?.[1];
    const said = refused ?? otherError.exec(line)?.[1];
    // The first: those after it are what comes of it.
    if (refused !== undefined) database ??= cut(refused, secrets);
    if (said !== undefined) last = cut(said, secrets);
  }
  return { database, last };
};
