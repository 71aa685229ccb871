import { createHash, type Hash } from 'node:crypto';
import type { MailView, ServedFolder } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import type { ServedMessage } from '../../../model/drill/compare-folder.ts';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { Secret } from '../../../model/secret.ts';
import { closeSession, openSession } from '../connection/open-connection.ts';
import { misbehaved } from '../wire/limits.ts';
import { listFolders } from '../scan/folder-list.ts';
import { openFolder } from '../scan/open-folder.ts';
import type { PooledSession } from '../scan/session-pool.ts';
import { allUids, uidFetch, uidSearchHeader } from '../wire/reading-commands.ts';
import { highestUid } from '../wire/uid-set.ts';

export interface LoginWish {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Reads every message of the folder that is open, and keeps what it hashes to. */
const hashMessages = async ({ connection }: PooledSession): Promise<readonly ServedMessage[]> => {
  const messages: ServedMessage[] = [];
  let hash: Hash | undefined;
  await connection.request(uidFetch(allUids, ['UID', 'FLAGS', 'BODY.PEEK[]']), {
    contentStart: () => {
      hash = createHash('sha256');
    },
    content: (bytes) => {
      hash?.update(bytes);
    },
    fetched: ({ uid, flags, contentBytes }) => {
      // Flags that have changed come without a content.
      if (contentBytes === undefined) return;
      if (uid === undefined || flags === undefined) throw misbehaved('a message without UID or flags');
      const digest = hash ?? createHash('sha256');
      messages.push({ uid, flags: flags.all, sha256: digest.digest('hex') });
      hash = undefined;
    },
  });
  return messages;
};

const lookAt = async (session: PooledSession, name: ByteString, wire: ByteString): Promise<ServedFolder> => {
  const { uidValidity, exists } = await openFolder(session, { name, wire });
  return { uidValidity, messages: exists === 0 ? [] : await hashMessages(session) };
};

/** So many of the newest messages are searched: what has just come is among them, and in a large mailbox all would take minutes. */
const searched = 200;

const findMark = async (session: PooledSession, header: string, mark: string): Promise<boolean> => {
  const inbox = byteStringOfLatin1('INBOX');
  const { uidNext } = await openFolder(session, { name: inbox, wire: inbox });
  const newest = [{ first: Math.max(1, uidNext - searched), last: highestUid }];
  let isFound = false;
  await session.connection.request(uidSearchHeader(newest, header, mark), {
    response: (response) => {
      if (response.kind === 'search' && response.uids.length > 0) isFound = true;
    },
  });
  return isFound;
};

/** Logs in to a server of our own on this machine. Faults: `credentials-refused`, those of a capture. */
export const viewMail = async ({ port, user, password }: LoginWish, run: Run): Promise<MailView> => {
  const given = { kind: 'password', user, password: new Secret(password) } as const;
  const settings = { host: '127.0.0.1', port, security: 'none', compress: false } as const;
  const opened = await openSession(settings, { credentials: async () => given, access: 'reading', run });
  const session: PooledSession = Object.assign(opened, { opened: undefined, tellsUidLate: false });
  try {
    const folders = (await listFolders(session)).filter(({ selectable }) => selectable);
    const wires = new Map(folders.map(({ name, wire }) => [name, wire]));
    return {
      folders: folders.map(({ name }) => name),
      look: async (name) => {
        const wire = wires.get(name);
        if (wire === undefined) throw new Fault('path-missing', `there is no folder ${name}`);
        return lookAt(session, name, wire);
      },
      holds: (header, mark) => findMark(session, header, mark),
      close: () => closeSession(session),
    };
  } catch (error) {
    await closeSession(session);
    throw error;
  }
};
