import type { ByteString } from '../../model/byte-string.ts';
import type { DirectoryNames } from '../files/directory-names.ts';

/** Whether a directory is a Maildir folder: it has the directories `cur`, `new` and `tmp`. */
export const isMaildirFolder = ({ directories }: Pick<DirectoryNames, 'directories'>): boolean =>
  ['cur', 'new', 'tmp'].every((name) => setHas(directories, name));

const setHas = (names: ReadonlySet<string>, name: string): boolean => names.has(name);

/** What is known of a folder when it is decided which of Dovecot's files in it are data. */
export interface FolderFacts {
  readonly directories: ReadonlySet<ByteString>;
  /** All letters for keywords are taken, so that further keywords are only in Dovecot's index. */
  readonly keywordsAreFull: boolean;
}

/** `dovecot-keywords` has a line `<0 to 25> <keyword>` for each of the letters a to z. */
export const keywordsAreFull = (text: string): boolean =>
  text.split('\n').filter((line) => /^\d+ \S/.test(line)).length >= 26;

/**
 * Which names in a Maildir folder Dovecot makes again by itself, so that no backup needs them. Data stays: per-user flags of
 * shared folders (`dovecot.index.pvt`), the index of a folder whose keywords have used up their letters, and the list index
 * where it alone knows the folders' names (`mailbox_list_layout=index`, seen by its directory `mailboxes`).
 */
export const cacheRule = (facts: FolderFacts): ((name: ByteString) => boolean) => {
  const indexIsData = facts.keywordsAreFull;
  const listIsData = setHas(facts.directories, 'mailboxes');
  return (name) => {
    if (name.startsWith('dovecot.index.pvt')) return false;
    if (/^dovecot\.index(\.(log|log\.\d+|backup|thread|tmp))?$/.test(name)) return !indexIsData;
    if (name.startsWith('dovecot.index.') || name === '..DOVECOT-TRASHED') return true;
    if (name.startsWith('dovecot.list.index')) return !listIsData;
    return isAlwaysCache(name);
  };
};

const isAlwaysCache = (name: ByteString): boolean =>
  /^dovecot\.mailbox\.log(\.\d+)?$/.test(name) ||
  name === 'dovecot-acl-list' ||
  isCompiledSieve(name) ||
  /^(\.?dovecot.*|subscriptions|courier.*)\.(lock|tmp)$/.test(name) ||
  ['fts-flatcurve', 'xapian-indexes', 'lucene-indexes'].some((index) => name === index);

/** What Pigeonhole compiles out of a script, beside it. */
export const isCompiledSieve = (name: ByteString): boolean => name.endsWith('.svbin');

/** FNV-1a over the path, so that a folder's seventh is the same every week and the folders spread evenly. */
export const seventhOf = (path: readonly ByteString[]): number => {
  let hash = 0x811c9dc5;
  const text = path.join('/');
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % 7;
};
