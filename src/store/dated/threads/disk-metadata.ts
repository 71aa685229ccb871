import type { Metadata } from '../../../model/entry.ts';
import { type Abilities, attainableMetadata, type AttainableMetadata } from '../../../system/file-metadata.ts';
import type { Posix } from '../../../system/posix.ts';

/** What this process may do on a dated disk. */
export const diskAbilities = (posix: Posix | undefined): Abilities => ({
  asRoot: process.geteuid?.() === 0,
  uid: process.geteuid?.() ?? -1,
  groups: new Set([...(process.getgroups?.() ?? []), process.getegid?.() ?? -1]),
  posix,
});

export interface OnDisk {
  readonly metadata: AttainableMetadata;
  /** Whether the disk holds less than the manifest. */
  readonly loses: boolean;
}

/**
 * What an entry has on the disk: all that the user can hold there. Who is not root must be able to read it again, so that its
 * owner's bits for that are always set; the manifest has what it truly had.
 */
export const onDisk = (metadata: Metadata, abilities: Abilities): OnDisk => {
  let loses = false;
  const attainable = attainableMetadata(metadata, abilities, () => {
    loses = true;
  });
  if (abilities.asRoot) return { metadata: attainable, loses };
  const needed = metadata.type === 'directory' ? 0o700 : 0o400;
  if ((attainable.mode & needed) === needed) return { metadata: attainable, loses };
  return { metadata: { ...attainable, mode: attainable.mode | needed }, loses: true };
};
