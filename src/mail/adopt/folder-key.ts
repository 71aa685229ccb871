import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { mailboxText } from '../mailbox-name.ts';

/**
 * What a folder is called wherever it lies: OfflineIMAP has `Lists.dev` or `Lists/dev`, mbsync `Lists/dev`, `.Lists.dev` or
 * `Lists/.dev` for what the server calls `Lists/dev`, `INBOX.Lists.dev` and so on. Two folders may share a key: it is where to
 * look first, never a proof.
 */
export const folderKey = (name: ByteString, delimiter: string | undefined): string => {
  const levels = name
    .split(
      delimiter === undefined || delimiter === ''
        ? /[./]/
        : new RegExp(`[./${delimiter.replace(/[\\\]^-]/g, '\\$&')}]`),
    )
    .filter((level) => level !== '')
    .map((level) => mailboxText(byteStringOfLatin1(level)).normalize('NFC'));
  return (/^inbox$/i.test(levels[0] ?? '') ? levels.slice(1) : levels).join('/');
};
