import type { Path } from '../model/entry.ts';
import type { ComponentForm, DatedDamage } from './component.ts';
import type { Run } from './run.ts';
import type { ServerOrigin } from './server-origin.ts';
import type { Base, Source } from './source.ts';

/** A backup of a whole server that was found and opened, on a dated disk or in a repository. */
export interface ServerBackup {
  readonly kind: 'dated' | 'repository';
  /** For people: `/mnt/backup-hdd/mailserver/daily/2025-11-07`, `snapshot 1a2b3c4d`. */
  readonly description: string;
  /** `daily/2025-11-07`, or the whole id of the snapshot. */
  readonly name: string;
  /** Milliseconds since 1970: when its capture began. */
  readonly started: number;
  /** Nothing of the server was missing when it was made. */
  readonly isComplete: boolean;
  readonly components: readonly StoredComponent[];
  /** What the backup says of where it came from; undefined in those of earlier versions. */
  readonly origin: ServerOrigin | undefined;
  /** `origin` was compared with its checksum; backups of earlier versions have none. */
  readonly isProved: boolean;
  /**
   * What lies in a folder of it, as the root of a source of its own; `[]` is all of it, with a folder for each component. Bytes are
   * logical. Whoever opens it closes it. Fault `path-missing`.
   */
  open(path: Path, run: Run): Promise<Source & Base>;
  /** Reads what these components have again, and tells what is not as it was written. Writes nothing. */
  check(components: readonly string[], run: Run): Promise<readonly DatedDamage[]>;
}

export interface StoredComponent {
  readonly name: string;
  readonly form: ComponentForm;
}
