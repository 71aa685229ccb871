import type { MailTarget, OpenTargetFolder, TargetAccount, TargetMessage } from '../../../contract/mail-target.ts';
import type { Run } from '../../../contract/run.ts';
import { createTargetDigest, type TargetDigest } from '../../../mail/account-restore/target-digest.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import { mailboxText } from '../../../mail/mailbox-name.ts';
import { type ByteString, byteStringOfLatin1, byteStringOfText } from '../../../model/byte-string.ts';
import type { Fault } from '../../../model/fault.ts';
import type { Sink } from '../connection/connection.ts';
import { closeSession, openSession, type Session } from '../connection/open-connection.ts';
import { about } from '../scan/folder-questions.ts';
import { listFolders } from '../scan/folder-list.ts';
import { openFolder, type OpenFolder } from '../scan/open-folder.ts';
import { type PooledSession, type PoolSettings, SessionPool } from '../scan/session-pool.ts';
import { namespace, status, uidFetch } from '../wire/reading-commands.ts';
import type { Namespace } from '../wire/response.ts';
import { hasUid, highestUid, splitUidSet, type UidSet, uidSetOf } from '../wire/uid-set.ts';
import type { AppendJournal, JournaledMessage } from './append-journal.ts';
import { openForAdding } from './open-for-adding.ts';

export interface ImapTargetOptions extends Omit<PoolSettings, 'connections'> {
  /** For people: the account. */
  readonly description: string;
  readonly newHash: NewHash;
  readonly journal: AppendJournal;
}

/** Of all messages together that one question may be about. */
const longestSet = 4000;

/** An account as the place where mail is brought to: looked at through one connection, added to through another. */
export class ImapTarget implements MailTarget {
  readonly description: string;
  readonly #options: ImapTargetOptions;
  readonly #pool: SessionPool;
  #wires: ReadonlyMap<ByteString, ByteString> = new Map();
  #writer: Session<'writing'> | undefined;

  constructor(options: ImapTargetOptions) {
    this.description = options.description;
    this.#options = options;
    this.#pool = new SessionPool({ ...options, connections: 1 });
  }

  look(run: Run): Promise<TargetAccount> {
    return this.#pool.retrying(async (session) => {
      const listed = await listFolders(session);
      this.#wires = new Map(listed.map(({ name, wire }) => [name, wire]));
      const personal = await personalNamespace(session);
      const inbox = listed.find(({ name }) => name === 'INBOX');
      const limit = [...session.connection.capabilities].find((name) => /^APPENDLIMIT=\d{1,15}$/.test(name));
      return {
        folders: listed.map(({ name, specialUse, selectable }) => ({ name, specialUse, selectable })),
        delimiter: personal?.delimiter ?? inbox?.delimiter ?? listed[0]?.delimiter,
        prefix: personal?.prefix ?? byteStringOfLatin1(''),
        largestMessage: limit === undefined ? undefined : Number(limit.slice('APPENDLIMIT='.length)),
      };
    }, run);
  }

  uidNext(folder: ByteString, run: Run): Promise<number> {
    return this.#pool.retrying(async (session) => {
      let found = 1;
      const choice = { highestModseq: false, mailboxId: false };
      const command = status(this.#wireOf(folder, session), choice, session.utf8);
      const listen: Sink = {
        response: (response) => {
          if (response.kind === 'status') found = response.status.uidNext ?? found;
        },
      };
      await about({ name: folder, wire: folder }, session.connection.request(command, listen));
      return found;
    }, run);
  }

  list(folder: ByteString, from: number, run: Run): Promise<readonly TargetMessage[]> {
    return this.#reading(folder, run, async (session, { uidValidity }) => {
      const notes = await this.#options.journal.read({ name: folder, uidValidity });
      const found = new Map<number, TargetMessage>();
      const command = uidFetch([{ first: from, last: highestUid }], ['UID', 'RFC822.SIZE', 'INTERNALDATE']);
      await session.connection.request(command, {
        fetched: ({ uid, size, date }) => {
          if (uid === undefined || size === undefined || uid < from) return;
          found.set(uid, withNote({ uid, size, seconds: date?.seconds ?? 0 }, notes.get(uid)));
        },
      });
      // Only all of a folder tells what is no longer there.
      if (from === 1) await this.#options.journal.tidy({ name: folder, uidValidity }, (uid) => found.has(uid));
      return [...found.values()].sort((left, right) => left.uid - right.uid);
    });
  }

  async headers(
    folder: ByteString,
    uids: readonly number[],
    tell: (uid: number, header: ByteString) => void,
    run: Run,
  ): Promise<void> {
    if (uids.length === 0) return;
    await this.#reading(folder, run, (session) =>
      ask(
        session,
        { uids, item: 'BODY.PEEK[HEADER]' },
        {
          fetched: ({ uid, header }) => {
            if (uid !== undefined && header !== undefined) tell(uid, header);
          },
        },
      ),
    );
  }

  async digests(folder: ByteString, uids: readonly number[], run: Run): Promise<ReadonlyMap<number, TargetDigest>> {
    if (uids.length === 0) return new Map();
    return this.#reading(folder, run, async (session) => {
      const found = new Map<number, TargetDigest>();
      let digest: ReturnType<typeof createTargetDigest> | undefined;
      await ask(
        session,
        { uids, item: 'BODY.PEEK[]' },
        {
          contentStart: () => (digest = createTargetDigest(this.#options.newHash)),
          content: (bytes) => digest?.update(bytes),
          fetched: ({ uid }) => {
            if (uid !== undefined && digest !== undefined) found.set(uid, digest.digest());
            digest = undefined;
          },
        },
      );
      return found;
    });
  }

  async open(
    folder: ByteString,
    how: { readonly create: boolean; readonly subscribe: boolean },
    run: Run,
  ): Promise<OpenTargetFolder> {
    const session = await this.#writing(run);
    const { journal } = this.#options;
    const names = { name: folder, wire: this.#wireOf(folder, session) };
    return openForAdding(session, names, {
      ...how,
      added: (uidValidity, messages) => journal.add({ name: folder, uidValidity }, messages),
    });
  }

  pause(fault: Fault, attempt: number, run: Run): Promise<void> {
    return this.#pool.pause(fault, attempt, run);
  }

  async close(): Promise<void> {
    if (this.#writer !== undefined) await closeSession(this.#writer);
    await this.#pool.close();
  }

  async #writing(run: Run): Promise<Session<'writing'>> {
    if (this.#writer !== undefined && this.#writer.connection.fault === undefined) return this.#writer;
    const { server, credentials } = this.#options;
    this.#writer = await openSession(server, { credentials, access: 'writing', run });
    return this.#writer;
  }

  #reading<Result>(
    folder: ByteString,
    run: Run,
    work: (session: PooledSession, opened: OpenFolder) => Promise<Result>,
  ): Promise<Result> {
    return this.#pool.retrying(async (session) => {
      const names = { name: folder, wire: this.#wireOf(folder, session) };
      // Each time anew, so that the server shows what was added meanwhile.
      const opened = await openFolder(session, names);
      return about(names, work(session, opened));
    }, run);
  }

  /** The name as the server wants to hear it. */
  #wireOf(name: ByteString, { utf8 }: { readonly utf8: boolean }): ByteString {
    return this.#wires.get(name) ?? (utf8 ? byteStringOfText(mailboxText(name)) : name);
  }
}

/**
 * A note counts where the message still has the size and date that were given. Courier's size counts the line end that it adds.
 */
const withNote = (message: TargetMessage, note: JournaledMessage | undefined): TargetMessage => {
  if (note === undefined || note.seconds !== message.seconds) return message;
  const isSame = message.size === note.size || message.size === note.size + 2;
  return isSame ? { ...message, noted: note.sha256 } : message;
};

const personalNamespace = async ({ connection }: PooledSession): Promise<Namespace | undefined> => {
  if (!connection.offers('NAMESPACE')) return undefined;
  let found: Namespace | undefined;
  await connection.attempt(namespace(), {
    response: (response) => {
      if (response.kind === 'namespace') found = response.personal[0];
    },
  });
  return found;
};

/** Asks for one thing of many messages, a few hundred at a time, one question after another: answers may be large. */
const ask = async (
  { connection }: PooledSession,
  { uids, item }: { readonly uids: readonly number[]; readonly item: string },
  sink: Sink,
): Promise<void> => {
  const set: UidSet = uidSetOf(uids);
  for (const part of splitUidSet(set, longestSet)) {
    await connection.request(uidFetch(part, ['UID', item]), { ...sink, expects: (uid) => hasUid(part, uid) });
  }
};
