import type { ByteString } from '../../../model/byte-string.ts';
import { type Command, reading, stringArgument } from './command.ts';
import { formatUidSet, highestUid, type UidSet } from './uid-set.ts';

/** All that a capture ever says to a server. None of it changes anything: EXAMINE instead of SELECT, PEEK instead of a read mark. */

export const capability = (): Command<'reading'> => reading('CAPABILITY', 'CAPABILITY');
export const logout = (): Command<'reading'> => reading('LOGOUT', 'LOGOUT');
export const startTls = (): Command<'reading'> => reading('STARTTLS', 'STARTTLS');
export const compress = (): Command<'reading'> => reading('COMPRESS', 'COMPRESS DEFLATE');
export const namespace = (): Command<'reading'> => reading('NAMESPACE', 'NAMESPACE');
export const identify = (): Command<'reading'> => reading('ID', 'ID ("name" "mailkeep")');

/** RFC 5161; before the first folder is opened, or some servers ignore it. */
export const enable = (features: readonly string[]): Command<'reading'> =>
  reading('ENABLE', `ENABLE ${features.join(' ')}`);

const statusItems = (highestModseq: boolean, mailboxId: boolean): string =>
  `(MESSAGES UIDNEXT UIDVALIDITY${highestModseq ? ' HIGHESTMODSEQ' : ''}${mailboxId ? ' MAILBOXID' : ''})`;

export interface StatusChoice {
  readonly highestModseq: boolean;
  readonly mailboxId: boolean;
}

export interface ListChoice extends StatusChoice {
  /** RFC 5819: STATUS of all of them in the same answer. */
  readonly status: boolean;
  /** RFC 6154. */
  readonly specialUse: boolean;
}

/** RFC 5258. */
export const listExtended = (pattern: string, choice: ListChoice): Command<'reading'> => {
  const { status, specialUse } = choice;
  const returned = ['SUBSCRIBED', ...(specialUse ? ['SPECIAL-USE'] : [])];
  if (status) returned.push(`STATUS ${statusItems(choice.highestModseq, choice.mailboxId)}`);
  return reading('LIST', `LIST "" "${pattern}" RETURN (${returned.join(' ')})`);
};

export const list = (pattern: string): Command<'reading'> => reading('LIST', `LIST "" "${pattern}"`);
export const listSubscribed = (pattern: string): Command<'reading'> => reading('LSUB', `LSUB "" "${pattern}"`);

export const status = (mailbox: ByteString, choice: StatusChoice, eightBit: boolean): Command<'reading'> =>
  reading(
    'STATUS',
    'STATUS ',
    stringArgument(mailbox, eightBit),
    ` ${statusItems(choice.highestModseq, choice.mailboxId)}`,
  );

/** What the last snapshot knew of a folder: RFC 7162 section 3.2.5. */
export interface KnownState {
  readonly uidValidity: number;
  readonly highestModseq: bigint;
}

export const examine = (
  mailbox: ByteString,
  how: { readonly condstore: boolean; readonly resync: KnownState | undefined; readonly eightBit: boolean },
): Command<'reading'> => {
  const { condstore, resync, eightBit } = how;
  const more =
    resync === undefined
      ? condstore
        ? ' (CONDSTORE)'
        : ''
      : ` (QRESYNC (${resync.uidValidity} ${resync.highestModseq}))`;
  return reading('EXAMINE', 'EXAMINE ', stringArgument(mailbox, eightBit), more);
};

/** All UIDs there are. `1:*` would name the highest one even where it lies below, and Cyrus leaves out VANISHED then. */
export const allUids: UidSet = [{ first: 1, last: highestUid }];

/** `changedSince`: RFC 7162; `vanished`: only after ENABLE QRESYNC. */
export const uidFetch = (
  set: UidSet,
  items: readonly string[],
  since?: { readonly modseq: bigint; readonly vanished: boolean },
): Command<'reading'> => {
  const modifier = since === undefined ? '' : ` (CHANGEDSINCE ${since.modseq}${since.vanished ? ' VANISHED' : ''})`;
  return reading('UID FETCH', `UID FETCH ${formatUidSet(set)} (${items.join(' ')})${modifier}`);
};

/** RFC 4731 where offered; the answer is ranges instead of a number for each message. */
export const uidSearchAll = (extended: boolean, set: UidSet = allUids): Command<'reading'> =>
  reading('UID SEARCH', `UID SEARCH ${extended ? 'RETURN (ALL) ' : ''}UID ${formatUidSet(set)}`);

/** Which of these messages have this text in a header; both are given as plain words. RFC 9051 section 6.4.4. */
export const uidSearchHeader = (set: UidSet, header: string, text: string): Command<'reading'> =>
  reading('UID SEARCH', `UID SEARCH UID ${formatUidSet(set)} HEADER "${header}" "${text}"`);
