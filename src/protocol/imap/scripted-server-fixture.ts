import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { ServerSettings } from './connection/settings.ts';
import { hasUid, parseUidSet } from './wire/uid-set.ts';

/** A message of the scripted server. */
export interface ScriptedMessage {
  readonly uid: number;
  flags: string[];
  content: Buffer;
  /** RFC822.SIZE; default: the truth. */
  size?: number;
  /** As INTERNALDATE has it. */
  date?: string;
  modseq?: number;
  emailId?: string;
  labels?: string[];
}

export interface ScriptedMailbox {
  attributes?: string[];
  uidValidity: number;
  /** Default: the highest UID and one. */
  uidNext?: number;
  /** Messages that it claims; default: the truth. */
  exists?: number;
  messages: ScriptedMessage[];
}

export interface ScriptedCommand {
  readonly tag: string;
  /** In upper case: `UID FETCH`. */
  readonly verb: string;
  readonly rest: string;
  /** Which connection it is, from 1. */
  readonly connection: number;
  send(text: string | Buffer): void;
  /** Breaks off. */
  hangUp(): void;
}

/** What a script may do with a command: answer it itself (true), or leave it to the usual ways (false). */
export type Script = (command: ScriptedCommand) => boolean;

/** A server on loopback that keeps to IMAP, but where a script has it do otherwise. */
export interface ScriptedServer {
  readonly settings: ServerSettings;
  readonly mailboxes: Map<string, ScriptedMailbox>;
  /** Every command line, the tag left out. */
  readonly commands: string[];
  capabilities: string;
  greeting: string;
  script: Script;
  /** What is sent for one message of a FETCH; undefined: nothing is said of it. */
  answer: (message: ScriptedMessage, usual: () => Buffer, command: ScriptedCommand) => Buffer | undefined;
  readonly connections: () => number;
  /** Until no connection is open any more. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const crlf = '\r\n';

export const startScriptedServer = async (): Promise<ScriptedServer> => {
  const sockets = new Set<Socket>();
  let connections = 0;
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    serve(server, socket, ++connections);
  });
  await new Promise<void>((resolve) => {
    listener.listen(0, '127.0.0.1', resolve);
  });
  const address = listener.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const server: ScriptedServer = {
    settings: { host: '127.0.0.1', port, security: 'none', silenceMilliseconds: 5000 },
    mailboxes: new Map(),
    commands: [],
    capabilities: 'IMAP4rev1 AUTH=PLAIN SASL-IR ID ENABLE ESEARCH LIST-EXTENDED LIST-STATUS SPECIAL-USE CONDSTORE',
    greeting: '* OK ready',
    script: () => false,
    answer: (_message, usual) => usual(),
    connections: () => connections,
    settled: async () => {
      for (const socket of sockets) await once(socket, 'close');
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
  return server;
};

const serve = (server: ScriptedServer, socket: Socket, connection: number): void => {
  let rest = '';
  let selected: ScriptedMailbox | undefined;
  const send = (text: string | Buffer): void => {
    socket.write(typeof text === 'string' ? Buffer.from(`${text}${crlf}`, 'latin1') : text);
  };
  send(server.greeting);
  socket.on('data', (chunk) => {
    rest += chunk.toString('latin1');
    for (let end = rest.indexOf(crlf); end >= 0; end = rest.indexOf(crlf)) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 2);
      const [, tag = '', verb = '', more = ''] = /^(\S+) ((?:UID )?\S+) ?(.*)$/.exec(line) ?? [];
      server.commands.push(`${verb} ${more}`.trim());
      const hangUp = (): void => {
        socket.destroy();
      };
      const command = { tag, verb: verb.toUpperCase(), rest: more, connection, send, hangUp };
      if (command.verb === 'EXAMINE') selected = server.mailboxes.get(/"([^"]*)"/.exec(more)?.[1] ?? '');
      if (server.script(command)) continue;
      usual(server, command, selected);
    }
  });
};

const usual = (server: ScriptedServer, command: ScriptedCommand, selected: ScriptedMailbox | undefined): void => {
  const { tag, verb, rest, send, hangUp } = command;
  switch (verb) {
    case 'CAPABILITY':
      send(`* CAPABILITY ${server.capabilities}`);
      break;
    case 'ENABLE':
      send(
        `* ENABLED ${rest
          .split(' ')
          .filter((name) => server.capabilities.includes(name))
          .join(' ')}`,
      );
      break;
    case 'LIST':
      for (const [name, mailbox] of server.mailboxes) {
        send(`* LIST (${(mailbox.attributes ?? []).join(' ')}) "/" "${name}"`);
        if (rest.includes('STATUS') && !mailbox.attributes?.includes('\\Noselect'))
          send(statusOf(server, name, mailbox));
      }
      break;
    case 'STATUS': {
      const name = /"([^"]*)"/.exec(rest)?.[1] ?? '';
      const mailbox = server.mailboxes.get(name);
      if (mailbox !== undefined) send(statusOf(server, name, mailbox));
      break;
    }
    case 'EXAMINE':
      if (selected === undefined) {
        send(`${tag} NO [NONEXISTENT] no such mailbox`);
        return;
      }
      examined(server, selected, send);
      break;
    case 'UID FETCH':
      fetched(server, command, selected);
      break;
    case 'UID SEARCH':
      searched(command, selected);
      break;
    case 'LOGOUT':
      send('* BYE');
      send(`${tag} OK bye`);
      hangUp();
      return;
    default:
  }
  send(`${tag} OK done`);
};

const highest = ({ messages }: ScriptedMailbox): number => Math.max(0, ...messages.map(({ uid }) => uid));
const modseqOf = ({ messages }: ScriptedMailbox): number => Math.max(1, ...messages.map(({ modseq = 1 }) => modseq));
const keepsModseq = ({ capabilities }: ScriptedServer): boolean => capabilities.includes('CONDSTORE');

const statusOf = (server: ScriptedServer, name: string, mailbox: ScriptedMailbox): string => {
  const { uidValidity, messages, exists = messages.length, uidNext = highest(mailbox) + 1 } = mailbox;
  const modseq = keepsModseq(server) ? ` HIGHESTMODSEQ ${modseqOf(mailbox)}` : '';
  return `* STATUS "${name}" (MESSAGES ${exists} UIDNEXT ${uidNext} UIDVALIDITY ${uidValidity}${modseq})`;
};

const examined = (server: ScriptedServer, mailbox: ScriptedMailbox, send: (text: string) => void): void => {
  const { uidValidity, messages, exists = messages.length, uidNext = highest(mailbox) + 1 } = mailbox;
  send(`* ${exists} EXISTS`);
  send(`* OK [UIDVALIDITY ${uidValidity}] valid`);
  send(`* OK [UIDNEXT ${uidNext}] next`);
  send(keepsModseq(server) ? `* OK [HIGHESTMODSEQ ${modseqOf(mailbox)}] highest` : '* OK [NOMODSEQ] none');
};

const fetched = (server: ScriptedServer, command: ScriptedCommand, mailbox: ScriptedMailbox | undefined): void => {
  const [, set = '', items = ''] = /^(\S+) (.*)$/.exec(command.rest) ?? [];
  const uids = parseUidSet(set);
  const since = Number(/CHANGEDSINCE (\d+)/.exec(items)?.[1] ?? 0);
  for (const [at, message] of (mailbox?.messages ?? []).entries()) {
    if (!hasUid(uids, message.uid) || (message.modseq ?? 1) <= since) continue;
    const answer = server.answer(message, () => fetchAnswer(message, at + 1, items), command);
    if (answer !== undefined) command.send(answer);
  }
};

/** The usual answer: every item that was asked for, UID first. */
export const fetchAnswer = (message: ScriptedMessage, sequence: number, items: string): Buffer => {
  const { uid, flags, content, size = content.length, date = '01-Jan-2020 00:00:00 +0000', labels } = message;
  const parts = [`UID ${uid}`];
  if (items.includes('FLAGS')) parts.push(`FLAGS (${flags.join(' ')})`);
  if (items.includes('INTERNALDATE')) parts.push(`INTERNALDATE "${date}"`);
  if (items.includes('RFC822.SIZE')) parts.push(`RFC822.SIZE ${size}`);
  if (items.includes('EMAILID')) parts.push(`EMAILID (${message.emailId ?? `E${uid}`})`);
  if (items.includes('X-GM-MSGID')) parts.push(`X-GM-MSGID ${message.emailId ?? String(1000 + uid)}`);
  if (items.includes('X-GM-LABELS'))
    parts.push(`X-GM-LABELS (${(labels ?? []).map((label) => `"${label.replace(/\\/g, '\\\\')}"`).join(' ')})`);
  const partial = /BODY\.PEEK\[\](?:<(\d+)\.\d+>)?/.exec(items);
  const head = `* ${sequence} FETCH (${parts.join(' ')}`;
  if (partial === null) return Buffer.from(`${head})${crlf}`, 'latin1');
  const origin = Number(partial[1] ?? 0);
  const body = content.subarray(origin);
  const section = partial[1] === undefined ? 'BODY[]' : `BODY[]<${origin}>`;
  const announced = `${head} ${section} {${body.length}}${crlf}`;
  return Buffer.concat([Buffer.from(announced, 'latin1'), body, Buffer.from(`)${crlf}`)]);
};

const searched = ({ rest, send }: ScriptedCommand, mailbox: ScriptedMailbox | undefined): void => {
  const uids = parseUidSet(/UID (\S+)/.exec(rest)?.[1] ?? '');
  const found = (mailbox?.messages ?? []).map(({ uid }) => uid).filter((uid) => hasUid(uids, uid));
  if (!rest.includes('RETURN')) send(`* SEARCH ${found.join(' ')}`);
  else send(`* ESEARCH (TAG "x") UID${found.length === 0 ? '' : ` ALL ${found.join(',')}`}`);
};
