import { aboutMailbox } from '../connection/server-fault.ts';
import { isFault } from '../../../model/fault.ts';
import { uidFetch, uidSearchAll } from '../wire/reading-commands.ts';
import { hasUid, normalUidSet, splitUidSet, type UidRange, type UidSet } from '../wire/uid-set.ts';
import type { FolderNames } from './open-folder.ts';
import type { MessageTable } from './message-table.ts';
import type { PooledSession } from './session-pool.ts';

/** Command lines of more than 8,000 bytes are refused here and there. */
const longestSet = 4000;

/** What a listing of new messages asks for: all that can be had without their content. */
export const allItems = ({ connection }: PooledSession): readonly string[] => [
  'UID',
  'FLAGS',
  'INTERNALDATE',
  'RFC822.SIZE',
  ...(connection.offers('OBJECTID') ? ['EMAILID', 'THREADID'] : []),
  ...(connection.offers('X-GM-EXT-1') ? ['X-GM-MSGID', 'X-GM-THRID', 'X-GM-LABELS'] : []),
];

/** What tells whether a known message is as it was. */
export const flagItems = ({ connection }: PooledSession, withStamps: boolean): readonly string[] => [
  'UID',
  'FLAGS',
  ...(withStamps ? ['INTERNALDATE', 'RFC822.SIZE'] : []),
  ...(connection.offers('X-GM-EXT-1') ? ['X-GM-LABELS'] : []),
];

export interface Question {
  readonly set: UidSet;
  readonly items: readonly string[];
  readonly table: MessageTable;
  /** Whether what is told now may be the answer. Default: always. */
  readonly counts?: () => boolean;
}

/** Asks for these items of these messages of the open folder, and adds what comes to the table. */
export const fetchInto = async (
  session: PooledSession,
  { set, items, table, counts = () => true }: Question,
): Promise<void> => {
  const parts = [...splitUidSet(set, longestSet)];
  const asked = parts.map((part) =>
    session.connection.request(uidFetch(part, items), {
      expects: (uid) => counts() && hasUid(part, uid),
      fetched: (message) => table.add(message),
    }),
  );
  await Promise.all(asked);
};

/** All UIDs of the open folder, as the server searches them. */
export const searchAll = async ({ connection }: PooledSession): Promise<UidSet> => {
  const found: UidRange[] = [];
  await connection.request(uidSearchAll(connection.offers('ESEARCH')), {
    response: (response) => {
      if (response.kind === 'esearch' && response.all !== undefined) found.push(...response.all);
      if (response.kind === 'search') found.push(...response.uids);
    },
  });
  return normalUidSet(found);
};

/** Names the folder in a server's refusal. */
export const about = async <Result>({ name }: FolderNames, work: Promise<Result>): Promise<Result> => {
  try {
    return await work;
  } catch (error) {
    throw isFault(error, 'server-refused', 'server-misbehaved') ? aboutMailbox(error, name) : error;
  }
};
