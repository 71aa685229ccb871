import type { ReadSecret } from '../../contract/secret-source.ts';

/** What is told of databases, in the language of the person. */
export interface DatabaseWords {
  /** `more`: how many tables there are besides those that are named. */
  tablesLocked(database: string, tables: readonly string[], more: number): string;
}

/** What a database component needs of the rest of the program. */
export interface DatabaseParts {
  readonly readSecret: ReadSecret;
  /** The variables of the environment; only what finds docker, podman and the programs is passed on. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** A folder below which temporary copies may lie; made when needed, 0700. */
  readonly spool: string;
}

/** What it needs to dump one. */
export interface DumpParts extends DatabaseParts {
  readonly words: DatabaseWords;
}
