import type { Run } from '../../contract/run.ts';
import type { TargetPlan, TargetReport } from '../../contract/target.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { type Counts, noCounts } from '../../model/entry.ts';
import type { EntryAction } from '../../model/event.ts';
import { type Fault, isFault } from '../../model/fault.ts';
import type { Loss } from '../../system/file-metadata.ts';

/** Counts what a restore did, and tells about it. */
export interface RestoreLedger {
  written(path: ByteString, size: number, replaced: boolean): void;
  directoryWritten(): void;
  left(path: ByteString, size: number): void;
  directoryLeft(): void;
  /** Reports the fault and counts the entry; a full disk ends the restore at the next `check`. */
  failed(path: ByteString, fault: Fault): void;
  /** Counts without telling: the plan has told. */
  refused(): void;
  readonly lost: (loss: Loss) => void;
  /** Throws what makes going on pointless. */
  check(): void;
  report(): TargetReport;
}

export interface LedgerOptions {
  readonly plan: TargetPlan;
  /** Emit one event for each entry. */
  readonly everyEntry: boolean;
}

const progressInterval = 100_000_000n;

export const createRestoreLedger = ({ plan, everyEntry }: LedgerOptions, run: Run): RestoreLedger => {
  let written = noCounts;
  let left = noCounts;
  let failed = 0;
  let fatal: Fault | undefined;
  let toldAt = 0n;
  const notRestored = new Map<string, number>();
  const totals = {
    totalFiles: plan.create.files + plan.overwrite.files,
    totalBytes: plan.create.bytes + plan.overwrite.bytes,
  };

  const tell = (current: ByteString): void => {
    const now = run.now();
    if (now - toldAt < progressInterval && now >= toldAt) return;
    toldAt = now;
    run.emit({ kind: 'progress', files: written.files, bytes: written.bytes, ...totals, current });
  };
  const tellEntry = (action: EntryAction, path: ByteString, bytes: number): void => {
    if (everyEntry) run.emit({ kind: 'entry', action, path, bytes });
  };

  return {
    written: (path, size, replaced) => {
      written = oneFile(written, size);
      tellEntry(replaced ? 'overwritten' : 'restored', path, size);
      tell(path);
    },
    directoryWritten: () => {
      written = { ...written, directories: written.directories + 1 };
    },
    left: (path, size) => {
      left = oneFile(left, size);
      tellEntry('left', path, size);
    },
    directoryLeft: () => {
      left = { ...left, directories: left.directories + 1 };
    },
    failed: (path, fault) => {
      failed++;
      run.emit({ kind: 'fault', fault, path });
      if (isFault(fault, 'disk-full', 'quota-exceeded', 'read-only')) fatal ??= fault;
    },
    refused: () => {
      failed++;
    },
    lost: (loss) => {
      notRestored.set(loss, (notRestored.get(loss) ?? 0) + 1);
    },
    check: () => {
      if (fatal !== undefined) throw fatal;
    },
    report: () => {
      run.emit({ kind: 'progress', files: written.files, bytes: written.bytes, ...totals });
      return { written, left, failed, notRestored };
    },
  };
};

const oneFile = (counts: Counts, size: number): Counts => ({
  files: counts.files + 1,
  directories: counts.directories,
  bytes: counts.bytes + size,
});
