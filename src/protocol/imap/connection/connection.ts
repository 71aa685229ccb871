import { interrupted } from '../../../contract/run.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import { asFault, Fault } from '../../../model/fault.ts';
import type { Access, Command, LiteralForm } from '../wire/command.ts';
import { misbehaved } from '../wire/limits.ts';
import { ResponseReader } from '../wire/response-reader.ts';
import type { FetchedMessage, Response, ResponseHandler, Status } from '../wire/response.ts';
import { CommandSender } from './command-sender.ts';
import { answerFault, type Occasion } from './server-fault.ts';
import type { ServerSettings } from './settings.ts';
import { silent } from './socket-fault.ts';
import type { Transport } from './transport.ts';

/** Who hears what comes while a command is the oldest without an answer. A sink that throws ends the connection. */
export interface Sink extends Partial<Omit<ResponseHandler, 'response'>> {
  response?(response: Response): void;
  /**
   * Whether what is told of this message belongs here although another command is older: Dovecot answers several UID
   * FETCH at the same time.
   */
  expects?(uid: number): boolean;
  /** What to say to a server that asks to go on (AUTHENTICATE). */
  challenge?(text: ByteString): string;
}

interface Pending {
  readonly tag: string;
  readonly command: Command;
  readonly sink: Sink;
  readonly resolve: (status: Status) => void;
  readonly reject: (fault: Error) => void;
}

const defaultSilence = 120_000;

/** What a connection for capture may say at all, whatever command object it is given. */
const readingVerbs =
  /^(?:CAPABILITY|NOOP|LOGOUT|STARTTLS|COMPRESS|NAMESPACE|ID|ENABLE|LIST|LSUB|STATUS|EXAMINE|UID FETCH|UID SEARCH|UNSELECT|AUTHENTICATE|LOGIN)$/;

/** One connection: commands out, one after another without waiting; responses to whoever asked. */
export class Connection<Allowed extends Access = 'reading'> implements ResponseHandler {
  readonly settings: ServerSettings;
  readonly #transport: Transport;
  readonly #allowed: Allowed;
  readonly #sender: CommandSender;
  readonly #reader = new ResponseReader(this);
  readonly #pending: Pending[] = [];
  readonly #signal: AbortSignal;
  readonly #abort = (): void => this.end(interrupted(this.#signal.reason));
  #tags = 0;
  #timer: NodeJS.Timeout | undefined;
  #heardAt = 0;
  #pauses = 0;
  #rest: Uint8Array = new Uint8Array(0);
  #contentOwner: Sink | undefined;
  #fault: Error | undefined;
  #farewell: Status | undefined;
  /** In upper case. */
  capabilities: ReadonlySet<string> = new Set();
  /** Must not stand in any fault. */
  secrets: readonly string[] = [];
  /** Hears everything besides: EXISTS, EXPUNGE and VANISHED may come with any answer. */
  watcher: ((response: Response) => void) | undefined;

  constructor(transport: Transport, settings: ServerSettings, allowed: Allowed, signal: AbortSignal) {
    this.#transport = transport;
    this.#sender = new CommandSender(transport, {
      sending: () => {
        this.#heardAt = performance.now();
      },
      failed: (fault) => this.end(fault),
    });
    this.settings = settings;
    this.#allowed = allowed;
    this.#signal = signal;
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  listen(): void {
    this.#transport.listen({ bytes: (chunk) => this.#receive(chunk), ended: (fault) => this.end(fault) });
  }

  /** How literals may be announced; by default the slow way, which every server takes. */
  set literals(form: LiteralForm) {
    this.#sender.literals = form;
  }

  get secure(): boolean {
    return this.#transport.secure;
  }

  /** Why it is of no use any more. */
  get fault(): Error | undefined {
    return this.#fault;
  }

  /** Whether the server offers one of these. */
  offers(...names: readonly string[]): boolean {
    return names.some((name) => this.capabilities.has(name));
  }

  /** Waits for what comes without a command: the greeting. */
  greeting(): Promise<Response> {
    return new Promise((resolve, reject) => {
      const sink: Sink = {
        response: (response) => {
          this.#pending.shift();
          resolve(response);
        },
      };
      const command = { access: 'reading', title: 'greeting', parts: [] } as const;
      this.#await({ tag: '', command, sink, resolve: () => undefined, reject });
    });
  }

  /** The tagged answer, whatever it is. Rejects when the connection ends before it. */
  attempt(command: Command<Access & ('reading' | Allowed)>, sink: Sink = {}): Promise<Status> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    if (this.#allowed === 'reading' && (command.access !== 'reading' || !readingVerbs.test(command.title))) {
      return Promise.reject(new Fault('internal', `a capture must not say ${command.title}`));
    }
    const tag = `M${++this.#tags}`;
    return new Promise((resolve, reject) => {
      this.#await({ tag, command, sink, resolve, reject });
      this.#sender.send(tag, command);
    });
  }

  /** As `attempt`, but NO and BAD reject as faults. */
  async request(
    command: Command<Access & ('reading' | Allowed)>,
    sink: Sink = {},
    occasion?: Occasion,
  ): Promise<Status> {
    const status = await this.attempt(command, sink);
    if (status.condition !== 'OK') throw this.refusal(status, command.title, occasion);
    return status;
  }

  refusal(status: Status, title: string, occasion: Occasion = 'command'): Fault {
    return answerFault(status, { occasion, title, host: this.settings.host, secrets: this.secrets });
  }

  /** Nothing more is taken in until as many `resume`: whoever gets the bytes is behind. */
  pause(): void {
    if (++this.#pauses === 1) this.#transport.pause();
  }

  resume(): void {
    if (--this.#pauses > 0 || this.#fault !== undefined) return;
    this.#heardAt = performance.now();
    this.#transport.resume();
  }

  /** TLS from here on. Bytes that came in the clear after the answer may be anybody's: RFC 3501 section 6.2.1. */
  async startTls(): Promise<void> {
    if (this.#rest.length > 0) throw misbehaved('more than an answer came in the clear before TLS began');
    await this.#transport.startTls(this.#signal);
  }

  deflate(): void {
    this.#transport.deflate(this.#rest);
    this.#rest = new Uint8Array(0);
  }

  /** Ends it at once; all that wait are told why. */
  end(fault: Error): void {
    if (this.#fault !== undefined) return;
    this.#fault = this.#farewell === undefined || isInterruption(fault) ? fault : this.refusal(this.#farewell, 'BYE');
    clearTimeout(this.#timer);
    this.#signal.removeEventListener('abort', this.#abort);
    this.#transport.destroy(fault);
    this.#sender.end();
    for (const { reject } of this.#pending.splice(0)) reject(this.#fault);
  }

  response(response: Response): void {
    this.watcher?.(response);
    if (response.kind === 'continuation') this.#goOn(response.text);
    else if (response.kind === 'tagged') this.#answered(response);
    else {
      if (response.kind === 'capability') this.capabilities = new Set(response.names);
      if (response.kind === 'condition') this.#told(response);
      this.#pending[0]?.sink.response?.(response);
    }
  }

  fetched(message: FetchedMessage): void {
    this.#owner(message)?.fetched?.(message);
  }

  contentStart(message: FetchedMessage, bytes: number): void {
    this.#contentOwner = this.#owner(message);
    this.#contentOwner?.contentStart?.(message, bytes);
  }

  content(bytes: Uint8Array): void {
    this.#contentOwner?.content?.(bytes);
  }

  contentEnd(): void {
    this.#contentOwner?.contentEnd?.();
  }

  #owner({ uid }: FetchedMessage): Sink | undefined {
    const expecting = uid === undefined ? undefined : this.#pending.find(({ sink }) => sink.expects?.(uid) === true);
    return (expecting ?? this.#pending[0])?.sink;
  }

  #told(status: Status): void {
    if (status.code?.name === 'CAPABILITY') this.#learn(status.code.argument);
    if (status.condition === 'BYE') this.#farewell = status;
  }

  #learn(text: ByteString): void {
    this.capabilities = new Set(
      text
        .toUpperCase()
        .split(' ')
        .filter((name) => name !== ''),
    );
  }

  #answered(response: Response & { kind: 'tagged' }): void {
    const at = this.#pending.findIndex(({ tag }) => tag === response.tag);
    const pending = this.#pending[at];
    if (pending === undefined) throw misbehaved(`an answer to ${response.tag.slice(0, 20)}, which was not asked`);
    this.#pending.splice(at, 1);
    if (response.code?.name === 'CAPABILITY') this.#learn(response.code.argument);
    this.#sender.answered(response.tag);
    // What follows these two is another kind of bytes.
    if (pending.command.title === 'STARTTLS' || pending.command.title === 'COMPRESS') this.#reader.hold();
    pending.resolve(response);
  }

  #goOn(text: ByteString): void {
    if (this.#sender.goOn()) return;
    const challenge = this.#pending[0]?.sink.challenge;
    if (challenge === undefined) throw misbehaved('it asks to go on, but nothing was held back');
    this.#sender.line(challenge(text));
  }

  #await(pending: Pending): void {
    this.#pending.push(pending);
    this.#heardAt = performance.now();
    this.#timer ??= this.#watch();
  }

  /** Looks now and then whether the server owes an answer for too long. */
  #watch(): NodeJS.Timeout {
    const limit = this.settings.silenceMilliseconds ?? defaultSilence;
    const look = (): void => {
      const quiet = performance.now() - this.#heardAt;
      if (this.#pending.length > 0 && this.#pauses === 0 && quiet >= limit) {
        this.end(silent(this.settings, Math.round(limit / 1000)));
      } else this.#timer?.refresh();
    };
    return setTimeout(look, Math.max(10, limit / 4));
  }

  #receive(chunk: Uint8Array): void {
    this.#heardAt = performance.now();
    if (this.#fault !== undefined) return;
    try {
      const rest = this.#reader.push(chunk);
      this.#rest = rest.length === 0 ? rest : rest.slice();
    } catch (error) {
      this.end(error instanceof Fault ? error : asFault(error));
    }
  }
}

const isInterruption = (fault: Error): boolean => fault instanceof Fault && fault.code === 'interrupted';
