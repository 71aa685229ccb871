import { encodeModifiedUtf7 } from '../../mail/mailbox-name.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';

/** `Inbox` by any spelling is the inbox; everything else is in modified UTF-7. */
export const folderName = (levels: readonly string[]): ByteString => {
  const name = levels.map((level) => encodeModifiedUtf7(level.normalize('NFC')).replaceAll('/', '_')).join('/');
  return byteStringOfLatin1(/^inbox$/i.test(name) ? 'INBOX' : name);
};

export const withoutSuffix = (name: string): string => name.replace(/\.(?:mbox|mbx|eml)$/i, '') || name;
