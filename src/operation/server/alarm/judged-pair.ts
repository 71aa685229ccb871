import type { CapturedComponent, FolderDifference } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import type { Base } from '../../../contract/source.ts';
import type { Path } from '../../../model/entry.ts';

/** A backup on a disk, or a snapshot, as far as it is judged. */
export interface JudgedBackup {
  /** When its capture began, in milliseconds since 1970. */
  readonly started: number;
  readonly components: readonly Pick<CapturedComponent, 'name' | 'form'>[];
}

/** The root has a folder for each component. */
export interface JudgedTree extends Pick<Base, 'children' | 'contents'> {
  close(): Promise<void>;
}

export interface JudgedStore<Backup extends JudgedBackup> {
  open(backup: Backup, run: Run): Promise<JudgedTree>;
  differences(
    pair: { readonly older: Backup; readonly newer: Backup },
    isWanted: (path: Path) => boolean,
    run: Run,
  ): AsyncIterable<FolderDifference>;
}

export interface JudgedPair<Backup extends JudgedBackup> {
  readonly older: Backup;
  readonly newer: Backup;
  /** Good ones that say what is usual, newest first. */
  readonly usual: readonly Backup[];
}
