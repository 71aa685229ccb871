import { createHash } from 'node:crypto';
import { createTestRun, type TestRun } from '../../src/contract/test-run.ts';
import type { AccountReport, AccountSource } from '../../src/contract/account-source.ts';
import type { StoredSnapshot, WriteResult } from '../../src/contract/store.ts';
import { encodeModifiedUtf7 } from '../../src/mail/mailbox-name.ts';
import { byteStringOfText, bytesOf, type ByteString } from '../../src/model/byte-string.ts';
import { Secret } from '../../src/model/secret.ts';
import type { Credential } from '../../src/contract/credential.ts';
import { parseMessageFileName } from '../../src/mail/direct/message-name.ts';
import { openSession, closeSession, type Session } from '../../src/protocol/imap/connection/open-connection.ts';
import type { ServerSettings } from '../../src/protocol/imap/connection/settings.ts';
import { openImapSource, type ImapSourceOptions } from '../../src/protocol/imap/source.ts';
import { append, create, subscribe } from '../../src/protocol/imap/wire/writing-commands.ts';
import { createMemoryStore } from '../../src/store/memory/store.ts';
import { createMemoryStorePlace } from '../../src/store/memory/place.ts';
import type { Dovecot } from './dovecot.ts';

export const passwordOf =
  (user: string, password = 'secret') =>
  async (): Promise<Credential> => ({
    kind: 'password',
    user,
    password: new Secret(password),
  });

export const serverOf = ({
  tlsPort,
  certificateAuthority,
}: Pick<Dovecot, 'tlsPort' | 'certificateAuthority'>): ServerSettings => ({
  host: '127.0.0.1',
  port: tlsPort,
  security: 'tls',
  certificateAuthorities: certificateAuthority,
});

export interface NewMessage {
  readonly content: string | Uint8Array;
  readonly flags?: readonly string[];
  /** Seconds since 1970, and minutes east of UTC. */
  readonly date?: number;
  readonly zone?: number;
}

/** Somebody who puts mail into an account. */
export interface Writer {
  create(folder: string): Promise<void>;
  append(folder: string, messages: readonly NewMessage[]): Promise<void>;
  close(): Promise<void>;
}

export const openWriter = async (server: ServerSettings, user = 'alice'): Promise<Writer> => {
  const run = createTestRun();
  const session: Session<'writing'> = await openSession(server, {
    credentials: passwordOf(user),
    access: 'writing',
    run,
  });
  const { connection, utf8 } = session;
  const nameOf = (folder: string): ByteString => (utf8 ? byteStringOfText(folder) : encodeModifiedUtf7(folder));
  return {
    create: async (folder) => {
      await connection.request(create(nameOf(folder), utf8));
      await connection.request(subscribe(nameOf(folder), utf8));
    },
    append: async (folder, messages) => {
      const one = async ({ content, flags = [], date, zone = 0 }: NewMessage): Promise<void> => {
        const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
        const literal = {
          length: bytes.length,
          bytes: async function* () {
            yield bytes;
          },
        };
        const when = date === undefined ? undefined : { seconds: date, zoneMinutes: zone };
        await connection.request(append(nameOf(folder), [{ flags, date: when, content: literal }], { eightBit: utf8 }));
      };
      await Promise.all(messages.map(one));
    },
    close: () => closeSession(session),
  };
};

/** One message of a snapshot. */
export interface StoredMessage {
  readonly uid: number;
  readonly letters: string;
  readonly sha256: string;
  /** Seconds. */
  readonly date: number;
}

export interface Night {
  readonly result: WriteResult;
  readonly report: AccountReport;
  readonly run: TestRun;
  /** Messages by the names of the directories of their folders. */
  messages(): Promise<ReadonlyMap<string, readonly StoredMessage[]>>;
  text(path: string): Promise<string>;
}

/** An account that is captured night after night into a store in memory. */
export class AccountNights {
  readonly place = createMemoryStorePlace();
  readonly store = createMemoryStore(this.place);
  readonly options: Omit<ImapSourceOptions, 'judge' | 'budget'>;
  #parent: string | undefined;

  constructor(server: ServerSettings, more: Partial<ImapSourceOptions> = {}) {
    this.options = {
      server,
      user: 'alice',
      account: 'test',
      credentials: passwordOf('alice'),
      connections: 3,
      filter: {},
      rescan: false,
      seventh: 8,
      owner: { uid: 0, gid: 0, user: '', group: '' },
      ...more,
    };
  }

  open(more: Partial<ImapSourceOptions> = {}): AccountSource {
    const budget = { bytes: Number.MAX_SAFE_INTEGER, time: 1n << 62n };
    return openImapSource({ budget, judge: () => [], ...this.options, ...more });
  }

  async night(more: Partial<ImapSourceOptions> = {}, run: TestRun = createTestRun()): Promise<Night> {
    const source = this.open({ sleep: run.sleep, ...more });
    try {
      const parent = this.#parent === undefined ? undefined : await this.store.open(this.#parent, run);
      const description = {
        time: { nanoseconds: run.now(), offsetMinutes: 0 },
        paths: [byteStringOfText('/imap/test')],
        hostname: 'alpha',
        username: 'root',
        uid: 0,
        gid: 0,
        excludes: [],
        tags: [],
      };
      const result = await this.store.write(
        source,
        parent === undefined ? { description } : { description, parent },
        run,
      );
      if (result.snapshot === undefined) throw new Error('no snapshot');
      this.#parent = result.snapshot.id;
      const snapshot = await this.store.open(result.snapshot.id, run);
      return {
        result,
        report: source.report(),
        run,
        messages: () => storedMessages(snapshot, run),
        text: async (path) => Buffer.from(await bytesAt(snapshot, path, run)).toString(),
      };
    } finally {
      await source.close();
    }
  }
}

const bytesAt = async (snapshot: StoredSnapshot, path: string, run: TestRun): Promise<Uint8Array> => {
  const names = path.split('/').map(byteStringOfText);
  for await (const page of snapshot.children(names.slice(0, -1), run)) {
    const entry = page.find(({ entry: { name } }) => name === names.at(-1));
    if (entry === undefined) continue;
    const parts: Uint8Array[] = [];
    for await (const { bytes } of snapshot.contents([entry], run)) parts.push(bytes);
    return Buffer.concat(parts);
  }
  throw new Error(`${path} is not in the snapshot`);
};

/** What lies in a snapshot of the layout of decision 5. */
export const storedMessages = async (
  snapshot: StoredSnapshot,
  run: TestRun,
): Promise<ReadonlyMap<string, readonly StoredMessage[]>> => {
  const folders = new Map<string, StoredMessage[]>();
  const root = byteStringOfText('folders');
  for await (const page of snapshot.children([root], run)) {
    for (const { entry: folder } of page) {
      const messages: StoredMessage[] = [];
      folders.set(folder.name, messages);
      for await (const blocks of snapshot.children([root, folder.name], run)) {
        for (const { entry: block } of blocks) {
          if (block.type !== 'directory') continue;
          for await (const files of snapshot.children([root, folder.name, block.name], run)) {
            for (const file of files) {
              const named = parseMessageFileName(file.entry.name);
              if (named === undefined) continue;
              const hash = createHash('sha256');
              for await (const { bytes } of snapshot.contents([file], run)) hash.update(bytes);
              const date = Number(file.entry.mtime / 1_000_000_000n);
              messages.push({ ...named, sha256: hash.digest('hex'), date });
            }
          }
        }
      }
    }
  }
  return folders;
};

export const sha256Of = (content: string | Uint8Array): string =>
  createHash('sha256')
    .update(typeof content === 'string' ? Buffer.from(content, 'latin1') : content)
    .digest('hex');

/** Names of files for people who look for one. */
export const textOf = (name: ByteString): string => Buffer.from(bytesOf(name)).toString();
