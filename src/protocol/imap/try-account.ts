import type { CredentialSource } from '../../contract/credential.ts';
import type { Run } from '../../contract/run.ts';
import { mailboxText } from '../../mail/mailbox-name.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import { serverSettings } from './account-settings.ts';
import type { ImapAccount } from './config.ts';
import { closeSession, openSession } from './connection/open-connection.ts';
import { wantedFolders } from './scan/folder-filter.ts';
import { type ListedFolder, listFolders } from './scan/folder-list.ts';
import type { PooledSession } from './scan/session-pool.ts';
import { examine, uidFetch } from './wire/reading-commands.ts';
import { highestUid } from './wire/uid-set.ts';

/** What a login shows of an account. */
export interface TriedAccount {
  /** In upper case. */
  readonly capabilities: ReadonlySet<string>;
  /** Folders that can hold messages. */
  readonly folders: readonly string[];
  /** Asks which of them the filter takes. Fault `configuration` when a name in it matches none. */
  wanted(): { readonly folders: readonly string[]; readonly messages: number; readonly notices: readonly string[] };
  /** When the newest message of INBOX came, by the clock of the server. */
  readonly newest: Nanoseconds | undefined;
}

type Account = Pick<
  ImapAccount,
  'host' | 'port' | 'security' | 'certificateAuthority' | 'certificateFingerprint' | 'folders'
>;

/** Logs in and looks around, without altering anything. Faults as a capture's. */
export const tryAccount = async (account: Account, credentials: CredentialSource, run: Run): Promise<TriedAccount> => {
  const settings = await serverSettings(account);
  const opened = await openSession(settings, { credentials, access: 'reading', run });
  const session: PooledSession = Object.assign(opened, { opened: undefined, tellsUidLate: false });
  try {
    const listed = (await listFolders(session)).filter(({ selectable }) => selectable);
    const newest = await newestIn(session, listed);
    const { include, exclude } = account.folders;
    return {
      capabilities: session.connection.capabilities,
      folders: namesOf(listed),
      wanted: () => {
        const notices: string[] = [];
        const filter = include === undefined ? { exclude } : { include, exclude };
        const wanted = wantedFolders(listed, filter, (notice) => notices.push(notice));
        const messages = wanted.reduce((sum, { status }) => sum + (status?.messages ?? 0), 0);
        return { folders: namesOf(wanted), messages, notices };
      },
      newest,
    };
  } finally {
    await closeSession(session);
  }
};

const namesOf = (folders: readonly ListedFolder[]): readonly string[] => folders.map(({ name }) => mailboxText(name));

const newestIn = async (
  { connection }: PooledSession,
  folders: readonly ListedFolder[],
): Promise<Nanoseconds | undefined> => {
  const inbox = folders.find(({ wire }) => wire.toUpperCase() === 'INBOX');
  const { messages = 0, uidNext = 1 } = inbox?.status ?? {};
  if (inbox === undefined || messages === 0 || uidNext < 2) return undefined;
  const opened = await connection.attempt(
    examine(inbox.wire, { condstore: false, resync: undefined, eightBit: false }),
  );
  if (opened.condition !== 'OK') return undefined;
  let seconds: number | undefined;
  // The highest UID that is left, whatever it is: a range is turned round by the server where it has to be.
  await connection.attempt(uidFetch([{ first: uidNext - 1, last: highestUid }], ['UID', 'INTERNALDATE']), {
    fetched: ({ date }) => {
      if (date !== undefined) seconds = Math.max(seconds ?? date.seconds, date.seconds);
    },
  });
  return seconds === undefined ? undefined : BigInt(seconds) * 1_000_000_000n;
};
