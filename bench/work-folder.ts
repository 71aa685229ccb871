import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Where a run of the bench puts repositories and restored mail. Nothing in it is deleted before the run ends: on ext4, creating
 * files after a large deletion took up to ten times as long (probably since inodes are not reused within some minutes of their
 * deletion, and others are looked for one by one), and the order of the programs would decide.
 */
export interface WorkFolder {
  readonly path: string;
  /** A path in it that nobody has used. */
  readonly unused: (name: string) => string;
  /** Deletes it, and what else is named. */
  readonly close: (alsoDelete: readonly string[]) => void;
}

export interface WorkFolderOptions {
  readonly base: string;
  /** Bytes that the run may need. */
  readonly needed: number;
  /** Whether to wait until the last deletion is long enough ago. */
  readonly patient: boolean;
  readonly say: (line: string) => void;
}

const inodeRestMilliseconds = 6 * 60_000;

/** Clears what an interrupted run left, waits if need be, and makes a new work folder. */
export async function openWorkFolder({ base, needed, patient, say }: WorkFolderOptions): Promise<WorkFolder> {
  mkdirSync(base, { recursive: true, mode: 0o700 });
  const path = join(base, 'work');
  const stamp = join(base, 'last-deletion');
  const clear = (): void => {
    if (!existsSync(path)) return;
    rmSync(path, { recursive: true, force: true });
    writeFileSync(stamp, '');
  };
  clear();
  const { bavail, bsize } = statfsSync(base);
  if (bavail * bsize < needed) {
    throw new Error(`${base} has ${gigabytes(bavail * bsize)} GB free and this run may need ${gigabytes(needed)} GB`);
  }
  if (patient) await waitAfterDeletion(stamp, say);
  mkdirSync(path, { mode: 0o700 });
  return {
    path,
    unused: (name) => join(path, `${readdirSync(path).length + 1}-${name}`),
    close: (alsoDelete) => {
      clear();
      for (const other of alsoDelete) rmSync(other, { recursive: true, force: true });
    },
  };
}

async function waitAfterDeletion(stamp: string, say: (line: string) => void): Promise<void> {
  if (!existsSync(stamp)) return;
  const rest = statSync(stamp).mtimeMs + inodeRestMilliseconds - Date.now();
  if (rest <= 0) return;
  say(
    `files were deleted here a moment ago, which slows ext4 down: waiting ${Math.ceil(rest / 1000)} s (not with --quick)`,
  );
  await sleep(rest);
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(1);
}
