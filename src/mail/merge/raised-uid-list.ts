import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { parseUidList } from '../dovecot-files.ts';

/** More than a folder gets between a backup and the day on which it is needed; 4,000 times as many are there. */
const reserved = 1_000_000;
const highestUid = 0xffff_ffff;

/**
 * A folder's list of UIDs (`dovecot-uidlist`, `courierimapuiddb`) as it may come back where the folder is missing: with
 * UIDVALIDITY and the UIDs of its messages, and UIDNEXT raised. Mail that came after the backup had UIDs from the old
 * UIDNEXT on; a client that has seen it would take new mail of the same UIDs for it (RFC 9051 section 2.3.1.1). Undefined
 * for what is no such list, and when there are no UIDs left: then the server has to make a new one.
 */
export const raisedUidList = (text: ByteString): ByteString | undefined => {
  const list = parseUidList(text);
  if (list === undefined) return undefined;
  let uidNext = list.uidNext;
  for (const { uid } of list.entries) uidNext = Math.max(uidNext, uid + 1);
  uidNext += reserved;
  if (uidNext > highestUid) return undefined;
  const end = text.indexOf('\n');
  const [head, rest] = end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end)];
  const raised = head.startsWith('3 ')
    ? head.replace(/ N\d+/, ` N${uidNext}`)
    : head.replace(/^1 (\d+) \d+/, `1 $1 ${uidNext}`);
  return byteStringOfLatin1(`${raised}${rest}`);
};
