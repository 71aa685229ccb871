import type { BaseEntry, Child } from '../../contract/source.ts';
import type { ByteString } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';
import { hasNotChanged } from '../../model/unchanged.ts';

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
