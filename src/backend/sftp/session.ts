import type { Readable, Writable } from 'node:stream';
import { Fault } from '../../model/fault.ts';
import {
  createPacketParser,
  encodePacket,
  type Field,
  requestType,
  type SftpPacket,
  type SftpReply,
} from './packet.ts';

/** What an SFTP session runs over: a channel of an SSH connection, or a child's standard input and output. */
export interface SftpStream {
  readonly input: Readable;
  readonly output: Writable;
  /** Ends it at once; `input` closes then. */
  destroy(): void;
  /** Why it ended, where that is known better than "the connection was lost". */
  reason(): Promise<Fault | undefined>;
}

export interface SftpLimits {
  /** Bytes in one request. */
  readonly read: number;
  readonly write: number;
}

/** Requests may be sent without waiting for the answers to earlier ones. */
export interface SftpSession {
  readonly extensions: ReadonlyMap<string, string>;
  readonly limits: SftpLimits;
  /** What this session has found out about the server. */
  readonly learned: { hardLinks: boolean; folderSync: 'untried' | 'works' | 'refused' };
  readonly ended: boolean;
  /** Rejects with `backend-unavailable` (retry) when the connection is lost. */
  request(type: number, ...fields: readonly Field[]): Promise<SftpReply>;
  /** Ends the session; requests under way reject. */
  destroy(): void;
}

interface Waiting {
  readonly resolve: (reply: SftpReply) => void;
  readonly reject: (fault: Fault) => void;
}

const lost = (cause?: unknown): Fault =>
  new Fault('backend-unavailable', 'the connection to the SFTP server was lost', {
    retry: true,
    hint: 'Is the server up, and the network?',
    ...(cause === undefined ? {} : { cause }),
  });

/** What a server takes that does not say: OpenSSH before 8.5, and the draft's own minimum. */
const defaultLimits: SftpLimits = { read: 32_768, write: 32_768 };
const mostInOneRequest = 261_120;

/** `limits@openssh.com`: packet length, read length, write length, open handles, 64 bits each, 0 for "no limit". */
const limitsOf = (reply: SftpReply): SftpLimits => {
  if (reply.kind !== 'extended' || reply.payload.length < 24) return defaultLimits;
  const fields = Buffer.from(reply.payload);
  const most = (at: number, otherwise: number): number => {
    const value = fields.readBigUInt64BE(at);
    return value === 0n ? otherwise : Math.min(mostInOneRequest, Number(value));
  };
  return { read: most(8, defaultLimits.read), write: most(16, defaultLimits.write) };
};

/** Matches answers to requests over one stream, and ends everything when it ends. */
class Conversation {
  readonly #stream: SftpStream;
  readonly #parse = createPacketParser();
  readonly #waiting = new Map<number, Waiting>();
  readonly version: Promise<Extract<SftpPacket, { kind: 'version' }>>;
  #greet: (packet: Extract<SftpPacket, { kind: 'version' }>) => void = () => {};
  #refuse: (fault: Fault) => void = () => {};
  #nextId = 0;
  #over = false;
  #fault: Fault | undefined;

  constructor(stream: SftpStream) {
    this.#stream = stream;
    this.version = new Promise((resolve, reject) => {
      this.#greet = resolve;
      this.#refuse = reject;
    });
    // Whoever opens the session waits for it and is told; it may fail before anybody does.
    this.version.catch(() => {});
    stream.input.on('data', (chunk: Buffer) => this.#take(chunk));
    for (const event of ['end', 'close', 'error'] as const) {
      stream.input.once(event, (cause?: unknown) => void this.#end(cause));
    }
    stream.output.once('error', (cause: unknown) => void this.#end(cause));
  }

  get ended(): boolean {
    return this.#over;
  }

  send(packet: Buffer): void {
    this.#stream.output.write(packet);
  }

  request(type: number, fields: readonly Field[]): Promise<SftpReply> {
    if (this.#over) return Promise.reject(this.#fault ?? lost());
    this.#nextId = (this.#nextId + 1) >>> 0;
    const id = this.#nextId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.send(encodePacket(type, [id, ...fields]));
    });
  }

  destroy(): void {
    void this.#end();
    this.#stream.destroy();
  }

  #take(chunk: Buffer): void {
    if (this.#over) return;
    try {
      for (const packet of this.#parse(chunk)) this.#receive(packet);
    } catch (error) {
      this.#fault = error instanceof Fault ? error : lost(error);
      this.destroy();
    }
  }

  #receive(packet: SftpPacket): void {
    if (packet.kind === 'version') {
      this.#greet(packet);
      return;
    }
    const waiting = this.#waiting.get(packet.id);
    this.#waiting.delete(packet.id);
    waiting?.resolve(packet.reply);
  }

  async #end(cause?: unknown): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    const fault = this.#fault ?? (await this.#stream.reason()) ?? lost(cause);
    this.#fault = fault;
    this.#refuse(fault);
    for (const { reject } of this.#waiting.values()) reject(fault);
    this.#waiting.clear();
    this.#stream.destroy();
  }
}

/** Greets the server and asks for its limits. Rejects with the stream's own reason, or `backend-unavailable`. */
export const openSftpSession = async (stream: SftpStream): Promise<SftpSession> => {
  const conversation = new Conversation(stream);
  conversation.send(encodePacket(requestType.init, [3]));
  const { version, extensions } = await conversation.version;
  if (version !== 3) {
    conversation.destroy();
    throw new Fault('unsupported', `the SFTP server speaks version ${version} of the protocol, not 3`);
  }
  const limits = extensions.has('limits@openssh.com')
    ? limitsOf(await conversation.request(requestType.extended, ['limits@openssh.com']))
    : defaultLimits;
  return {
    extensions,
    limits,
    learned: { hardLinks: extensions.has('hardlink@openssh.com'), folderSync: 'untried' },
    get ended() {
      return conversation.ended;
    },
    request: (type, ...fields) => conversation.request(type, fields),
    destroy: () => conversation.destroy(),
  };
};
