import type { ByteString } from '../model/byte-string.ts';
import type { BrakeReason } from '../model/damage-brake.ts';
import type { DatedName } from '../model/dated-name.ts';
import type { Counts, Path } from '../model/entry.ts';
import type { HoldEntry, HoldLog } from '../model/hold.ts';
import type { Fault } from '../model/fault.ts';
import type { ScrubAmount } from '../model/scrub-slices.ts';
import type { Base, BaseEntry, Source } from './source.ts';
import type { Run } from './run.ts';

/**
 * How a component lies on a dated disk. In a repository all three are plain trees, so that nights deduplicate.
 *
 * - `tree`: as it is, unchanged files as hard links to those of the day before (mail, logs, scripts)
 * - `archive`: each folder at the top as `NAME.tar.gz`; files at the top lie beside it as they are (config, ssl, dkim)
 * - `dump`: each file as `NAME.gz` (databases)
 */
export type ComponentForm = 'tree' | 'archive' | 'dump';

/** A part of a server that is captured, verified and restored by itself. */
export interface Component {
  /** Its folder in a backup: `mail`, `mysql`, `config`, `ssl`, `dkim`, `logs`, `scripts`, … */
  readonly name: string;
  readonly form: ComponentForm;
  /**
   * What decides which entries it has (folders, patterns), as a text of its own. When it is not that of the base, every folder is
   * looked into.
   */
  readonly filters?: string;
  /**
   * Opens it for one attempt. The root of the source is the component's folder. A dump yields a file only once it is known
   * whole, by its verdict: exit code 0 and the dump's own trailer.
   */
  open(run: Run): Promise<Source>;
}

export interface CapturedComponent {
  readonly name: string;
  readonly form: ComponentForm;
  /** Milliseconds. */
  readonly duration: number;
  /** As the source has it, before gzip and tar. */
  readonly counts: Counts;
  /** Files that are links to those of the base. */
  readonly linked: number;
  /** Bytes that were written for it. */
  readonly writtenBytes: number;
  /** Entries that could not be read, and are missing or are those of the base. */
  readonly unreadable: number;
}

export interface FailedComponent {
  readonly name: string;
  readonly form: ComponentForm;
  readonly fault: Fault;
  readonly attempts: number;
}

export interface DatedBackup {
  readonly name: DatedName;
  /** Absolute path of its folder. */
  readonly folder: string;
  /** Milliseconds since 1970: when its capture began. */
  readonly started: number;
  readonly ended: number;
  /** `good`: complete and verified when it was made. `incomplete`: published, with components or entries missing. */
  readonly state: 'good' | 'incomplete';
  readonly components: readonly CapturedComponent[];
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
  /** Milliseconds since 1970: all of its files were re-hashed without a difference since then. */
  readonly verified?: number;
  /** A check found damage in it, which no later one has found mended. */
  readonly damaged?: true;
}

/** What differs from `checksums.sha256`, the dumps' trailers or the archives' own lists. */
export interface DatedDamage {
  readonly path: ByteString;
  readonly fault: Fault;
}

/** One name of a file: several backups share files. */
export interface BadName {
  readonly backup: DatedName;
  /** Below the folder of the backup. */
  readonly path: ByteString;
}

/** A file of a dated disk that is not what was written, with all of its names. */
export interface BadFile {
  /** Of what was written. */
  readonly sha256: string;
  readonly kind: 'missing' | 'differs' | 'unreadable';
  readonly names: readonly BadName[];
}

export interface ScrubWish {
  readonly amount: ScrubAmount;
  /** Called with the bytes that were read; resolves when more may be. */
  readonly pace?: (bytes: number, run: Run) => Promise<void>;
}

export interface DiskScrub {
  /** Of 256 that were read. */
  readonly slices: number;
  /** Distinct ones, each once. */
  readonly files: number;
  readonly bytes: number;
  readonly bad: readonly BadFile[];
  /** Whether memory was asked to let go of each file before it was read. */
  readonly fromDisk: boolean;
  /** Milliseconds since 1970: every file of the disk was read since then. Absent: some never were. */
  readonly since?: number;
}

/** What came of a bad file. `lost`: no good copy is known. */
export interface MendedFile extends BadFile {
  readonly outcome:
    | { readonly kind: 'mended' | 'mendable'; /** For people: where the good bytes are. */ readonly from: string }
    | { readonly kind: 'lost' };
}

export interface MendWish {
  /** Find out what could be done, and do nothing. */
  readonly dryRun: boolean;
  /**
   * The logical bytes of a file of a tree from elsewhere, in order; undefined: not known there. They are believed only when they have the checksum.
   */
  readonly rescue?: Rescue;
}

/** `started`: when the backup that the name is of began, in milliseconds since 1970. */
export type Rescue = (
  name: BadName & { readonly started: number },
  run: Run,
) => Promise<{ readonly from: string; readonly bytes: AsyncIterable<Uint8Array> } | undefined>;

/** A file of a backup, as its source had it. */
export interface ListedEntry extends BaseEntry {
  /** SHA-256 of its bytes. */
  readonly sha256: string;
}

/** A folder of a component in two backups. Names that stand for the same bytes in both are left out. */
export interface FolderDifference {
  readonly component: string;
  /** Below the component. */
  readonly path: Path;
  /** Files in it, then and now. */
  readonly before: number;
  readonly now: number;
  readonly gone: readonly ListedEntry[];
  readonly came: readonly ListedEntry[];
}

/** What a person has to confirm before anything leaves the disk. */
export interface OpenAlarm {
  /** When the first backup that gave it began, in milliseconds since 1970. */
  readonly since: number;
  readonly reasons: readonly BrakeReason[];
}

export interface AlarmState {
  readonly open?: OpenAlarm;
  /** When a person has last said that all is right, in milliseconds since 1970: what was usual before is so no more. */
  readonly confirmed?: number;
}

/** A dated disk. Nothing of a backup that was published ever changes; see docs/dated-disk.md. */
export interface DatedStore {
  readonly description: string;
  /** Every published backup, oldest first, daily and weekly. One whose description cannot be read is told as an event and left out. */
  backups(run: Run): Promise<readonly DatedBackup[]>;
  /**
   * Begins a backup under a hidden name. Each component is captured against the newest published backup that has it. The disk is
   * this process's alone from then on, until the store is closed (fault `run-under-way`). Leftovers of runs that were killed are removed first. Faults:
   * `disk-full`, `read-only`, `unsupported` for a file system without hard links unless copies were chosen.
   */
  begin(name: DatedName, run: Run): Promise<DatedWriter>;
  /** Makes a weekly one of a good daily one by hard links alone. One that is there under the name is replaced. */
  linkWeekly(name: DatedName & { readonly kind: 'weekly' }, daily: DatedBackup, run: Run): Promise<DatedBackup>;
  /** Logical bytes: archives unpacked, dumps decompressed. The root has a folder for each component. */
  open(backup: DatedBackup, run: Run): Promise<Source & Base>;
  /** Reads all of it again, and notes the outcome in the evidence. Damage of a file that other backups have, too, is noted for them as well. */
  verify(backup: DatedBackup, run: Run): Promise<readonly DatedDamage[]>;
  /** Reads some of it again, each file once, and notes the outcome in the evidence of every backup that has the file. */
  scrub(wish: ScrubWish, run: Run): Promise<DiskScrub>;
  /**
   * Replaces files that are known to be bad by new ones with the right bytes, under all of their names, with their metadata. A bad
   * file is never written to. What turns out to be good is known as bad no more.
   */
  mend(wish: MendWish, run: Run): Promise<readonly MendedFile[]>;
  /** How the folders of trees that are wanted differ between two backups, those that do not included. */
  differences(
    pair: { readonly older: DatedBackup; readonly newer: DatedBackup },
    isWanted: (path: Path) => boolean,
    run: Run,
  ): AsyncIterable<FolderDifference>;
  alarms(run: Run): Promise<AlarmState>;
  noteAlarms(state: AlarmState, run: Run): Promise<void>;
  /** Takes it away under a hidden name first, so that nobody meets half of it. Fault `snapshot-held`. */
  remove(backup: DatedBackup, run: Run): Promise<void>;
  /** What is noted of holds. */
  holds(run: Run): Promise<HoldLog>;
  /** Adds lines to it, which are signed, and have no line ends. Nothing is ever taken away. */
  addHolds(added: readonly { readonly text: string; readonly entry: HoldEntry }[], run: Run): Promise<void>;
  /** The ids of the holds that stand on a backup. What cannot be looked into is held. */
  holdsOn(backup: DatedBackup, run: Run): Promise<readonly string[]>;
  /** The same of backups that were made again while they were held, by where they lie aside. */
  heldAside(run: Run): Promise<ReadonlyMap<string, readonly string[]>>;
  close(): Promise<void>;
}

export interface DatedWriter {
  /** What will lie in it once published; under a hidden name so far. */
  readonly folder: string;
  /** Captures a component. When it throws, nothing of the component stays, and it may be tried again. */
  capture(component: Component, run: Run): Promise<CapturedComponent>;
  /**
   * Checks what was written, makes it durable, publishes it and, when all is good, moves `latest` to it. One that fails its
   * check stays as `.failed-NAME` (fault `verification-failed`), and what was there under the name stays too. So does an
   * incomplete one where the name has a good one (fault `target-occupied`).
   */
  publish(failed: readonly FailedComponent[], run: Run): Promise<DatedBackup>;
  /** Leaves nothing behind. */
  abandon(): Promise<void>;
}
