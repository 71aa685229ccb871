import type { BaseEntry, Child } from '../../contract/source.ts';
import type { ByteString } from '../../model/byte-string.ts';
import type { Entry, Metadata } from '../../model/entry.ts';

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

/** The child for an entry that was looked at, against what the base has of the same name. */
export const childOf = (entry: Entry, file: ByteString, base: BaseEntry | undefined): Child => {
  if (base?.held === true && hasNotChanged(entry, base.entry)) {
    return { kind: 'same', entry, base, action: 'unchanged' };
  }
  return {
    kind: 'fresh',
    entry,
    content: entry.type === 'file' ? { kind: 'local-file', file } : { kind: 'none' },
    action: base === undefined ? 'new' : 'changed',
  };
};
