import type {
  FoundAccounts,
  RestoredTree,
  StoredAccount,
  ThrowawayDatabase,
  WebmailTables,
} from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import { type CheckTally, createCheckTally } from '../../model/drill/check-tally.ts';
import type { DrillCheckName, DrillProgram, DrillTime } from '../../model/drill/drill-record.ts';
import type { Fault } from '../../model/fault.ts';

/** What a drill knows so far; each phase adds to it what later ones and the record need. */
export interface DrillState {
  readonly tallies: Readonly<Record<DrillCheckName, CheckTally>>;
  readonly times: DrillTime[];
  /** That were started. */
  readonly programs: DrillProgram[];
  /** Restored trees, by the names of their components, in the order of the restore. */
  readonly trees: Map<string, RestoredTree>;
  /** Paths that could not be restored: they are findings already. */
  readonly told: Set<string>;
  /** Rows by `database.table`. */
  tables: Readonly<Record<string, number>>;
  /** Tables of accounts in the databases that were loaded; undefined until one was asked. */
  found: readonly FoundAccounts[] | undefined;
  /** Databases that refused the query for accounts which the configuration names. */
  readonly refusals: { readonly component: string; readonly fault: Fault }[];
  /** Whether a database was not loaded: then nothing is said of tables that are not there. */
  hasUnloaded: boolean;
  /** Of the databases that were loaded, each address once. */
  accounts: readonly StoredAccount[];
  /** The database that they are from, or some of them, which runs to the end of the drill; undefined: none is known that mail servers ask. */
  mailDatabase: ThrowawayDatabase | undefined;
  /** Tables of webmail, whose databases run to the end of the drill, too. */
  readonly webmails: KeptWebmail[];
}

export interface KeptWebmail {
  readonly database: ThrowawayDatabase;
  readonly tables: WebmailTables;
}

export const createDrillState = (): DrillState => ({
  tallies: {
    backup: createCheckTally('backup'),
    restore: createCheckTally('restore'),
    databases: createCheckTally('databases'),
    logins: createCheckTally('logins'),
    folders: createCheckTally('folders'),
    messages: createCheckTally('messages'),
    flags: createCheckTally('flags'),
    'mail-flow': createCheckTally('mail-flow'),
    users: createCheckTally('users'),
    webmail: createCheckTally('webmail'),
    'webmail-login': createCheckTally('webmail-login'),
    'mail-key': createCheckTally('mail-key'),
    sieve: createCheckTally('sieve'),
    dkim: createCheckTally('dkim'),
    certificates: createCheckTally('certificates'),
  },
  times: [],
  programs: [],
  trees: new Map(),
  told: new Set(),
  tables: {},
  found: undefined,
  refusals: [],
  hasUnloaded: false,
  accounts: [],
  mailDatabase: undefined,
  webmails: [],
});

/** Whether a database is still needed when others have been loaded. */
export const isKept = ({ mailDatabase, webmails }: DrillState, one: ThrowawayDatabase): boolean =>
  one === mailDatabase || webmails.some(({ database }) => database === one);

/** Stops all databases that have been kept. */
export const stopDatabases = async ({ mailDatabase, webmails }: DrillState): Promise<void> => {
  for (const database of new Set([mailDatabase, ...webmails.map((webmail) => webmail.database)]))
    await database?.stop();
};

/** Milliseconds since 1970. */
export const moment = (run: Pick<Run, 'now'>): number => Number(run.now() / 1_000_000n);

/** Of a step that is the same however small the sample. `began`: as `moment` gave it. */
export const addTime = (name: string, began: number, { times }: Pick<DrillState, 'times'>, run: Run): void => {
  const measured = moment(run) - began;
  times.push({ name, measured, whole: measured, bytes: 0, wholeBytes: 0 });
};
