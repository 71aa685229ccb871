import type { MessageHeader } from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { bytesOf } from '../../../model/byte-string.ts';
import { about } from '../scan/folder-questions.ts';
import { type FolderNames, openGeneration } from '../scan/open-folder.ts';
import type { SessionPool } from '../scan/session-pool.ts';
import { uidFetch } from '../wire/reading-commands.ts';
import { hasUid, uidSetOf } from '../wire/uid-set.ts';

export interface WantedHeaders {
  readonly folder: FolderNames;
  readonly uidValidity: number;
  readonly uids: readonly number[];
}

/** So many headers are in memory at once. */
const together = 200;

/** The headers of messages of one folder, asked for again on a new connection where one is lost. */
export async function* readHeaders(
  pool: SessionPool,
  { folder, uidValidity, uids }: WantedHeaders,
  run: Run,
): AsyncGenerator<readonly MessageHeader[], void> {
  for (let at = 0; at < uids.length; at += together) {
    throwIfInterrupted(run);
    const set = uidSetOf(uids.slice(at, at + together));
    yield await pool.retrying(async (session) => {
      await openGeneration(session, folder, uidValidity);
      const found = new Map<number, MessageHeader>();
      const asked = session.connection.request(uidFetch(set, ['UID', 'BODY.PEEK[HEADER]']), {
        expects: (uid) => hasUid(set, uid),
        fetched: ({ uid, header }) => {
          if (uid !== undefined && header !== undefined) found.set(uid, { uid, header: bytesOf(header) });
        },
      });
      await about(folder, asked);
      return [...found.values()];
    }, run);
  }
}
