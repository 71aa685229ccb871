import type { BrakeReason } from './damage-brake.ts';
import { type DrillRecord, drillVerdict } from './drill/drill-record.ts';
import type { Fault, FaultCode } from './fault.ts';
import type { SpaceForecast } from './space-forecast.ts';

/*
 * What one `mailkeep run` or `mailkeep maintain` did, as plain data that survives JSON: history keeps it, the report is drawn
 * from it, notifications and metrics tell of it. Times are milliseconds since 1970 UTC, sizes are bytes. Nothing in it is secret.
 */

/** A fault as far as people need it later; causes may hold what no report should. */
export interface RecordedFault {
  readonly code: FaultCode;
  readonly message: string;
  readonly hint?: string;
}

export const recordedFault = ({ code, message, hint }: Fault): RecordedFault => ({
  code,
  message,
  ...(hint === undefined ? {} : { hint }),
});

/** Why a part of a run was left out on purpose. */
export type SkipReason =
  /** Append-only: left to `mailkeep maintain`. */
  | 'append-only'
  /** Nothing is removed, as not all could be verified. */
  | 'not-verified'
  /** Nothing is forgotten, as not all could be copied. */
  | 'not-copied'
  | 'interrupted'
  /** The repository could not be opened. */
  | 'not-opened';

/** What a part of a run lacks; of how many it does, `count` says. */
export type LackReason =
  /** Messages that could not be read. */
  | 'unreadable'
  /** Messages by which server and snapshot differ, without a reason. */
  | 'unexplained'
  /** Snapshots that could not be removed. */
  | 'snapshots-left'
  /** Packs that could not be removed. */
  | 'packs-left'
  /** Of a server's backup something is not there; how much is not known. */
  | 'parts-missing';

/**
 * How a part of a run went. `held`: a brake holds, a person has to confirm. Records of other versions may have reasons that
 * are not known here: they are shown as they are.
 */
export type StepOutcome =
  | { readonly kind: 'good' }
  | { readonly kind: 'incomplete'; readonly reason: LackReason; readonly count: number }
  | { readonly kind: 'held'; readonly reasons: readonly BrakeReason[] }
  | { readonly kind: 'failed'; readonly fault: RecordedFault }
  | { readonly kind: 'skipped'; readonly reason: SkipReason };

/** The completeness ledger of one source, added up. */
export interface LedgerTotals {
  readonly onSource: number;
  readonly inSnapshot: number;
  readonly explained: number;
  readonly unexplained: number;
}

/** What became of a component of a server. Bytes as the source has them, but for those written. */
export interface ComponentRecord {
  readonly name: string;
  readonly outcome: StepOutcome;
  readonly attempts: number;
  readonly duration: number;
  readonly files: number;
  readonly bytes: number;
  readonly writtenBytes: number;
  readonly unreadable: number;
}

/** How a dated disk was left. */
export interface DiskRecord {
  readonly path: string;
  readonly mountPoint: string;
  readonly total: number;
  readonly used: number;
  readonly free: number;
  /** As df(1) has it. */
  readonly usedPercent: number;
  readonly warnAt: number;
  /** Backups that lie on it, and what was written for them. */
  readonly daily: { readonly count: number; readonly bytes: number };
  readonly weekly: { readonly count: number; readonly bytes: number };
  /** When it is full at this rate; absent: nobody can tell. */
  readonly forecast?: SpaceForecast;
}

/** What a night read of its disk again. */
export interface ScrubRecord {
  readonly files: number;
  readonly bytes: number;
  /** Found to be bad; of these mended. */
  readonly bad: number;
  readonly mended: number;
  /** Every file of the disk was read since then; absent: some never were. */
  readonly since?: number;
}

/** A night of a server. */
export interface ServerRecord {
  /** In the order in which they were captured. */
  readonly components: readonly ComponentRecord[];
  /** Absent where there is none, or where it could not be looked at. */
  readonly disk?: DiskRecord;
  /** The backup on the disk, `daily/2025-11-07`; absent: none was published. */
  readonly backup?: string;
  /** The snapshot in the repository. */
  readonly snapshot?: string;
  /** Backups on the disk that left. */
  readonly removed: number;
  /** What was read of the disk again; absent: nothing was. */
  readonly scrub?: ScrubRecord;
  /** The fault is one that ends all at once (design 5.2). */
  readonly isCritical: boolean;
  /** What changes no outcome. */
  readonly warnings: readonly string[];
}

/** One source that was captured, or should have been. */
export interface JobRecord {
  /** By its name in the configuration. */
  readonly name: string;
  readonly kind: 'imap' | 'server';
  readonly host: string;
  readonly repository: string;
  readonly started: number;
  readonly ended: number;
  readonly outcome: StepOutcome;
  /** Absent when nothing was captured. */
  readonly captured?: {
    readonly snapshot: string;
    /** Messages (or files) that came, and their bytes as received. */
    readonly arrived: number;
    readonly arrivedBytes: number;
    /** Messages that the last good snapshot has and the source has no more. */
    readonly gone: number;
    readonly changedBodies: number;
    readonly messages: number;
    /** Of all messages of the snapshot, as received; absent where it was not counted. */
    readonly bytes?: number;
    readonly ledger: LedgerTotals;
    readonly addedBytes: number;
    readonly storedBytes: number;
  };
  /** Of a server. */
  readonly server?: ServerRecord;
  /** When the newest good snapshot of this source was made, this run's included; absent: there is none. */
  readonly lastGood?: number;
}

/** What a run did with one repository after the captures. A step that was not asked for is absent. */
export interface RepositoryRecord {
  /** By its name in the configuration. */
  readonly name: string;
  readonly appendOnly: boolean;
  /** What all its objects take, after this run; absent where it could not be listed. */
  readonly storedBytes?: number;
  readonly snapshots?: number;
  /** In the currency's unit, for a month of `storedBytes`; only where a price is configured. */
  readonly monthlyCost?: { readonly amount: number; readonly currency: string };
  readonly verify?: { readonly outcome: StepOutcome; readonly readBytes: number; readonly packs: number };
  readonly forget?: {
    readonly outcome: StepOutcome;
    readonly removed: number;
    readonly kept: number;
    readonly frozen: number;
  };
  readonly prune?: { readonly outcome: StepOutcome; readonly freedBytes: number };
  /** Objects held back from deletion (S3 Object Lock): those whose time was extended, and those held for long enough. */
  readonly hold?: { readonly outcome: StepOutcome; readonly extended: number; readonly held: number };
  readonly copies: readonly {
    readonly to: string;
    readonly outcome: StepOutcome;
    readonly snapshots: number;
    readonly bytes: number;
  }[];
}

export interface RunRecord {
  readonly version: 1;
  /** 16 hexadecimal digits, random. */
  readonly id: string;
  readonly command: 'run' | 'maintain' | 'drill';
  readonly trigger: 'person' | 'schedule';
  readonly program: string;
  readonly machine: string;
  /** The file of the configuration, whose names these are; absent: not known. */
  readonly configuration?: string;
  readonly started: number;
  readonly ended: number;
  readonly exitCode: number;
  readonly jobs: readonly JobRecord[];
  readonly repositories: readonly RepositoryRecord[];
  /** Of a drill that came to its end. */
  readonly drill?: DrillRecord;
  /** What belongs to no job and no repository, such as a configuration that could not be used. */
  readonly faults: readonly RecordedFault[];
  /** What a person should know and that changes no outcome. */
  readonly notices: readonly string[];
}

/** What is known of a run when it begins. */
export type RunStart = Pick<
  RunRecord,
  'version' | 'id' | 'command' | 'trigger' | 'program' | 'machine' | 'configuration' | 'started'
>;

/** A run as history knows it. `cut-off`: it was killed, or the machine went down. */
export type KnownRun =
  | { readonly kind: 'finished'; readonly record: RunRecord }
  | { readonly kind: 'under-way'; readonly start: RunStart }
  | { readonly kind: 'cut-off'; readonly start: RunStart };

/** Those of one configuration: others have accounts and repositories of the same names. What is not known of is taken for its own. */
export const runsOf = (runs: readonly KnownRun[], configuration: string | undefined): readonly KnownRun[] =>
  runs.filter((known) => {
    const own = (known.kind === 'finished' ? known.record : known.start).configuration;
    return own === undefined || configuration === undefined || own === configuration;
  });

/** In a word: nothing to do, a person should look, or it did not work. */
export type RunVerdict = 'good' | 'attention' | 'failed';

export type StepName = 'verify' | 'copy' | 'forget' | 'prune' | 'hold';

/** What a repository's part of a run consisted of. */
export interface Step {
  readonly step: StepName;
  /** Of a copy: into which repository. */
  readonly to?: string;
  readonly outcome: StepOutcome;
}

/** The steps in one repository, in the order in which they were done. */
export const stepsIn = ({ verify, copies, forget, prune, hold }: RepositoryRecord): readonly Step[] => [
  ...(verify === undefined ? [] : [{ step: 'verify', outcome: verify.outcome } as const]),
  ...copies.map(({ to, outcome }) => ({ step: 'copy', to, outcome }) as const),
  ...(forget === undefined ? [] : [{ step: 'forget', outcome: forget.outcome } as const]),
  ...(prune === undefined ? [] : [{ step: 'prune', outcome: prune.outcome } as const]),
  ...(hold === undefined ? [] : [{ step: 'hold', outcome: hold.outcome } as const]),
];

export const stepsOf = ({ jobs, repositories }: Pick<RunRecord, 'jobs' | 'repositories'>): readonly StepOutcome[] => [
  ...jobs.map(({ outcome }) => outcome),
  ...repositories.flatMap(stepsIn).map(({ outcome }) => outcome),
];

/** A run with any failed step, or a fault of its own, has failed, and so has a drill that found something wrong; held, incomplete or unexplained parts want attention. */
export const verdictOf = (record: Pick<RunRecord, 'jobs' | 'repositories' | 'faults' | 'drill'>): RunVerdict => {
  const steps = stepsOf(record);
  if (record.drill !== undefined && drillVerdict(record.drill) === 'failed') return 'failed';
  if (record.faults.length > 0 || steps.some(({ kind }) => kind === 'failed')) return 'failed';
  const isUnexplained = record.jobs.some(({ captured }) => (captured?.ledger.unexplained ?? 0) > 0);
  return isUnexplained || steps.some(({ kind }) => kind === 'incomplete' || kind === 'held') ? 'attention' : 'good';
};
