import { createHash } from 'node:crypto';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { SMTPServer } from 'smtp-server';
import type { StackPlaces } from './places.ts';
import { people, type PersonName } from './tables.ts';

/** A message as its owner sees it. */
export interface SeenMessage {
  readonly uid: number;
  /** Sorted; `\Recent` left out. */
  readonly flags: readonly string[];
  readonly date: string;
  readonly sha256: string;
}

export interface SeenFolder {
  readonly uidValidity: string;
  readonly messages: readonly SeenMessage[];
}

export type SeenAccount = Readonly<Record<string, SeenFolder>>;

/** What a person can do with a stack. */
export interface Clients {
  /** Logs in over TLS, with the certificate verified, and does something. */
  asPerson<Result>(name: PersonName, work: (client: ImapFlow) => Promise<Result>): Promise<Result>;
  /** All that a person has. */
  seenBy(name: PersonName): Promise<SeenAccount>;
  /** Hands in a message from the outside. */
  deliver(to: string, subject: string, text?: string): Promise<void>;
  /** Sends one to the outside, logged in with the password of a person. */
  send(from: PersonName, to: string, subject: string): Promise<void>;
}

export const clientsOf = ({ imapPort, smtpPort }: StackPlaces, authority: string): Clients => {
  const tls = { ca: authority, servername: 'localhost' };
  const asPerson: Clients['asPerson'] = async (name, work) => {
    const auth = { user: name, pass: people[name].password };
    const client = new ImapFlow({ host: '127.0.0.1', port: imapPort, secure: true, tls, auth, logger: false });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.logout();
    }
  };
  const transport = { host: '127.0.0.1', port: smtpPort, requireTLS: true, tls };
  const outside = createTransport(transport);
  return {
    asPerson,
    seenBy: (name) => asPerson(name, seenAccount),
    deliver: async (to, subject, text = `the body of ${subject}`) => {
      await outside.sendMail({ from: 'someone@example.net', to, subject, text });
    },
    send: async (from, to, subject) => {
      const auth = { user: from, pass: people[from].password };
      await createTransport({ ...transport, auth }).sendMail({ from, to, subject, text: subject });
    },
  };
};

const seenAccount = async (client: ImapFlow): Promise<SeenAccount> => {
  const account: Record<string, SeenFolder> = {};
  for (const { path, flags } of await client.list()) {
    if (!flags.has('\\Noselect')) account[path] = await seenFolder(client, path);
  }
  return account;
};

const seenFolder = async (client: ImapFlow, path: string): Promise<SeenFolder> => {
  const lock = await client.getMailboxLock(path, { readOnly: true });
  try {
    const { mailbox } = client;
    if (mailbox === false) throw new Error(`${path} is not selected`);
    const messages: SeenMessage[] = [];
    const wanted = { uid: true, flags: true, internalDate: true, source: true };
    if (mailbox.exists > 0) {
      for await (const { uid, flags = new Set<string>(), internalDate, source } of client.fetch('1:*', wanted)) {
        messages.push({
          uid,
          flags: [...flags].filter((flag) => flag !== '\\Recent').toSorted(),
          date: new Date(internalDate ?? 0).toISOString(),
          sha256: createHash('sha256')
            .update(source ?? '')
            .digest('hex'),
        });
      }
    }
    return { uidValidity: String(mailbox.uidValidity), messages };
  } finally {
    lock.release();
  }
};

/** The rest of the world: takes all mail and keeps it. */
export interface Outside {
  readonly received: readonly { readonly to: readonly string[]; readonly text: string }[];
  close(): Promise<void>;
}

export const startOutside = async (port: number): Promise<Outside> => {
  const received: { readonly to: readonly string[]; readonly text: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData: (stream, session, done) => {
      let text = '';
      stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      stream.on('end', () => {
        received.push({ to: session.envelope.rcptTo.map(({ address }) => address), text });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { received, close: () => new Promise((resolve) => server.close(resolve)) };
};
