import type { Metadata } from './entry.ts';

/**
 * restic's rule (internal/archiver, fileChanged): a file has not changed when size, mtime, ctime and inode are what they
 * were. Entries without content must also still be of the same type and lead to the same place.
 */
export const hasNotChanged = (now: Metadata, before: Metadata): boolean =>
  now.type === before.type &&
  now.size === before.size &&
  now.mtime === before.mtime &&
  now.ctime === before.ctime &&
  now.inode === before.inode &&
  now.linkTarget === before.linkTarget &&
  now.device === before.device;
