import { Fault } from '../../../model/fault.ts';
import { SqlStatements } from './sql-statements.ts';

/** What a dump of one database of MariaDB or MySQL holds. */
export interface SqlContent {
  /** Rows of each table, in the order of the dump. */
  readonly tables: ReadonlyMap<string, number>;
  readonly views: number;
  readonly triggers: number;
  readonly routines: number;
  readonly events: number;
  readonly sequences: number;
  /** `root@localhost`: in whose name views, triggers, routines and events act. */
  readonly definers: readonly string[];
}

const name = '`((?:[^`]|``)+)`';
const tableCreated = new RegExp(`^CREATE TABLE (?:IF NOT EXISTS )?${name}`, 'i');
const rowsInserted = new RegExp(`^(?:INSERT|REPLACE)(?: IGNORE)? INTO ${name} ?(\\()?`, 'i');
const viewCreated = new RegExp(`^CREATE .*?\\bVIEW (?:IF NOT EXISTS )?${name}`, 'i');
const definerNamed = /\bDEFINER ?= ?`((?:[^`]|``)*)` ?@ ?`((?:[^`]|``)*)`/i;

/** What a dump of one database never does, and what would reach beyond the one that it is loaded into. */
const forbidden =
  /^(?:USE|SOURCE|SYSTEM|TEE|PAGER|EDIT|GRANT|REVOKE|SHUTDOWN|INSTALL|UNINSTALL|LOAD|HANDLER|KILL|PURGE|RESET|CHANGE|(?:CREATE|DROP|ALTER)(?: OR REPLACE)? (?:DATABASE|SCHEMA|USER|ROLE|SERVER)|SET (?:GLOBAL|PASSWORD|DEFAULT ROLE|@@ ?GLOBAL))\b/i;

const plain = (quoted: string): string => quoted.replaceAll('``', '`');

/** Reads a dump as it passes, to know what it holds and that it stays in its place. */
export class SqlContentReader {
  readonly #tables = new Map<string, number>();
  readonly #views = new Set<string>();
  readonly #definers = new Set<string>();
  readonly #counts = { triggers: 0, routines: 0, events: 0, sequences: 0 };
  #unsafe: string | undefined;
  readonly #statements = new SqlStatements({
    statement: ({ head, groups }) => this.#take(head, groups),
    clientCommand: () => {
      this.#unsafe ??= 'a command to the client, which could run programs';
    },
  });

  /** Fault `target-unsafe` as soon as something came that does not belong into a dump of one database. */
  add(bytes: Uint8Array): void {
    this.#statements.add(bytes);
    if (this.#unsafe === undefined) return;
    throw new Fault('target-unsafe', `the dump holds what no dump of one database has: ${this.#unsafe}`, {
      hint: 'Look where it comes from. If it is to be trusted, load it by hand.',
    });
  }

  end(): SqlContent {
    this.#statements.end();
    // A view stands in as a table until all tables are there.
    const tables = new Map([...this.#tables].filter(([table]) => !this.#views.has(table)));
    return { ...this.#counts, tables, views: this.#views.size, definers: [...this.#definers].sort() };
  }

  #take(head: string, groups: number): void {
    const inserted = rowsInserted.exec(head);
    if (inserted !== null) {
      const table = plain(inserted[1] ?? '');
      const rows = inserted[2] === undefined ? groups : groups - 1;
      this.#tables.set(table, (this.#tables.get(table) ?? 0) + rows);
      return;
    }
    if (forbidden.test(head)) this.#unsafe ??= head.slice(0, 60);
    if (/^CREATE\b/i.test(head)) this.#created(head);
  }

  #created(head: string): void {
    const table = tableCreated.exec(head)?.[1];
    if (table !== undefined) {
      if (!this.#tables.has(plain(table))) this.#tables.set(plain(table), 0);
      return;
    }
    const [, user, host] = definerNamed.exec(head) ?? [];
    if (user !== undefined && host !== undefined) this.#definers.add(`${plain(user)}@${plain(host)}`);
    const [, kind] =
      /\b(VIEW|TRIGGER|PROCEDURE|FUNCTION|PACKAGE|EVENT|SEQUENCE)\b/i.exec(head.replaceAll(/`[^`]*`/g, '``')) ?? [];
    switch (kind?.toUpperCase() ?? '') {
      case 'VIEW':
        this.#views.add(plain(viewCreated.exec(head)?.[1] ?? ''));
        return;
      case 'TRIGGER':
        this.#counts.triggers++;
        return;
      case 'EVENT':
        this.#counts.events++;
        return;
      case 'SEQUENCE':
        this.#counts.sequences++;
        return;
      case 'PROCEDURE':
      case 'FUNCTION':
      case 'PACKAGE':
        this.#counts.routines++;
    }
  }
}
