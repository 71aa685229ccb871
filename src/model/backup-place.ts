import { type DatedName, parseDatedFolder, parseDatedPlace } from './dated-name.ts';
import { Fault } from './fault.ts';

/** Which backup of a server is meant. */
export type BackupPlace =
  /** The newest good one: of the disk, or of the repository where there is no disk. */
  | { readonly kind: 'latest' }
  | { readonly kind: 'dated'; readonly name: DatedName }
  /** A folder of a backup, wherever the disk is mounted. */
  | { readonly kind: 'folder'; readonly path: string }
  /** `reference`: `latest`, `latest~1`, the beginning of an id. */
  | { readonly kind: 'repository'; readonly reference: string };

/** Reads `latest`, `2025-11-06`, `daily/2025-11-06`, `weekly/2025-week-45`, `repository:SNAPSHOT` or a path. Fault `usage`. */
export const parseBackupPlace = (text: string): BackupPlace => {
  if (text === 'latest') return { kind: 'latest' };
  const [, reference] = /^repository(?::(.+))?$/.exec(text) ?? [];
  if (text === 'repository' || reference !== undefined) {
    return { kind: 'repository', reference: reference ?? 'latest' };
  }
  const name = parseDatedPlace(text) ?? parseDatedFolder('daily', text) ?? parseDatedFolder('weekly', text);
  if (name !== undefined) return { kind: 'dated', name };
  if (/^[~.]?\.?\//.test(text) || text === '.') return { kind: 'folder', path: text };
  throw new Fault('usage', `“${text}” names no backup of a server`, {
    hint: 'Give latest, a date such as 2025-11-06, weekly/2025-week-45, the path of a backup folder (/… or ./…), or repository:SNAPSHOT.',
  });
};
