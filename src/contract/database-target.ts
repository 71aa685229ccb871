import type { ByteString } from '../model/byte-string.ts';
import type { Fault } from '../model/fault.ts';
import type { Run } from './run.ts';
import type { Source } from './source.ts';

/**
 * Where the dumps of a component can be brought back to: a server, or files of SQLite and Redis.
 *
 * `plan` changes nothing; it reads every dump to its end, so that what is cut or holds what it must not is known before anything
 * changes. `apply` does what the plan says. Each database is loaded beside the one that is in use, compared with what its
 * dump holds, and only then put in its place: a dump that cannot be loaded changes nothing.
 */
export interface DatabaseTarget {
  readonly description: string;
  /** The root of `dumps` has the files of the component, as its `open` gave them. */
  plan(dumps: Source, run: Run): Promise<DatabasePlan>;
  /** Goes on with the next database when one fails. Fault `interrupted` only. */
  apply(plan: DatabasePlan, dumps: Source, run: Run): Promise<DatabaseReport>;
}

export interface DatabaseTargetOptions {
  /** Only these databases (files of SQLite, by name); undefined: all that are in the dumps. */
  readonly only?: readonly string[];
  /** Another name for what is brought back, by its own. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Whether what is there may be removed before the new is in its place, where nothing else is possible. */
  readonly replace: boolean;
  /** Whether users and roles are brought back too; those that are there stay as they are. */
  readonly users: boolean;
}

export interface DatabasePlan {
  readonly dumps: readonly PlannedDump[];
  /** Files that are no dumps, or not wanted. */
  readonly left: readonly ByteString[];
}

export interface PlannedDump {
  /** As in the component: `usermgmt.sql`. */
  readonly file: ByteString;
  /** The database or file that it becomes. */
  readonly into: string;
  readonly action: RestoreAction;
  /** What it holds, as far as its kind says. */
  readonly tables: number;
  readonly rows: number;
  /** Views, triggers, routines, events: "2 views". */
  readonly others: readonly string[];
  /** What a person should know: users that are named in it and not there, tables that are replaced. */
  readonly notes: readonly string[];
}

export type RestoreAction =
  /** There is none of that name. */
  | { readonly kind: 'create' }
  /** Loaded beside it, compared, and exchanged with it in one step. */
  | { readonly kind: 'swap'; readonly scratch: string }
  /** Loaded beside it, compared; then the old one is removed and the dump loaded again in its place. */
  | { readonly kind: 'replace'; readonly scratch: string }
  /** Added to what is there (users, roles). */
  | { readonly kind: 'add' }
  | { readonly kind: 'refuse'; readonly fault: Fault };

export interface DatabaseReport {
  readonly restored: readonly {
    readonly file: ByteString;
    readonly into: string;
    readonly tables: number;
    readonly rows: number;
  }[];
  readonly failed: readonly { readonly file: ByteString; readonly into: string; readonly fault: Fault }[];
}
