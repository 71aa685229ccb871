import type { CredentialSource } from '../../../contract/credential.ts';
import { interrupted, type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { closeSession, openSession, type Session } from '../connection/open-connection.ts';
import type { ServerSettings } from '../connection/settings.ts';

export interface PoolSettings {
  readonly server: ServerSettings;
  readonly credentials: CredentialSource;
  /** At most so many connections at once. */
  readonly connections: number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** A connection for capture, with the folder that it has open. */
export interface PooledSession extends Session<'reading'> {
  /** Its key, see `openFolder`; undefined: none. */
  opened: { readonly folder: string; readonly uidValidity: number } | undefined;
  /** The server tells UIDs only after contents: messages are asked for one by one. */
  tellsUidLate: boolean;
}

/** How often the same is tried, and how long is waited before each time where the server does not say. */
const pauses = [1000, 5000, 20_000, 60_000, 180_000] as const;
/** Longer than this no night waits for one answer. */
const longestPause = 15 * 60_000;

/** Connections to one account, opened when they are needed, waited for when all are in use. */
export class SessionPool {
  readonly #settings: PoolSettings;
  readonly #idle: PooledSession[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #all = new Set<PooledSession>();
  #opening = 0;
  #limit: number;
  #closed = false;
  /** Ends what is being opened or waited for when the pool is closed; connections that stand are told good-bye instead. */
  readonly #openings = new Set<AbortController>();
  #announced: { readonly message: string; readonly until: bigint } | undefined;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.#limit = settings.connections;
  }

  /** How many may be used at once: fewer than asked for where the server takes no more. */
  get limit(): number {
    return this.#limit;
  }

  /** Lends a connection for one piece of work. One that ended is not lent again. */
  async use<Result>(work: (session: PooledSession) => Promise<Result>, run: Run): Promise<Result> {
    let session;
    try {
      session = await this.#take(run);
    } catch (error) {
      // Whoever waits for this place tries for itself.
      this.#waiting.shift()?.();
      throw error;
    }
    try {
      return await work(session);
    } finally {
      if (session.connection.fault === undefined) this.#idle.push(session);
      else this.#all.delete(session);
      this.#waiting.shift()?.();
    }
  }

  /** The same again, on a new connection where need be, as long as trying again may help. */
  async retrying<Result>(work: (session: PooledSession) => Promise<Result>, run: Run): Promise<Result> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.use(work, run);
      } catch (error) {
        const fault = asFault(error);
        throwIfInterrupted(run);
        if (!fault.retry || attempt >= 3) throw fault;
        await this.pause(fault, attempt, run);
      }
    }
  }

  /** Waits as long as the server asks for, or a little longer each time. */
  async pause(fault: Fault, attempt: number, run: Run): Promise<void> {
    const asked = fault.context['retryAfterMilliseconds'];
    const usual = pauses[Math.min(attempt, pauses.length - 1)] ?? 0;
    const milliseconds = Math.min(typeof asked === 'number' ? asked : usual, longestPause);
    if (milliseconds >= 5000) this.#announce(fault, milliseconds, run);
    await this.#untilClosed(run, ({ signal }) => this.#settings.sleep(milliseconds, signal));
  }

  /** Once, though several pieces of work wait for the same. */
  #announce({ message }: Fault, milliseconds: number, run: Run): void {
    const now = run.now();
    if (this.#announced?.message === message && now < this.#announced.until) return;
    this.#announced = { message, until: now + BigInt(milliseconds) * 1_000_000n };
    run.emit({ kind: 'notice', message: `${message}; going on in ${Math.round(milliseconds / 1000)} seconds` });
  }

  /** Whatever is still being done ends with it: nothing of the pool keeps the process alive. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const opening of this.#openings) opening.abort(closed());
    await Promise.all([...this.#all].map((session) => closeSession(session)));
    this.#all.clear();
    this.#idle.length = 0;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async #take(run: Run): Promise<PooledSession> {
    for (;;) {
      throwIfInterrupted(run);
      if (this.#closed) throw closed();
      const idle = this.#idle.pop();
      if (idle !== undefined && idle.connection.fault === undefined) return idle;
      if (idle !== undefined) {
        this.#all.delete(idle);
        continue;
      }
      if (this.#all.size + this.#opening < this.#limit) {
        const opened = await this.#open(run);
        if (opened !== undefined) return opened;
        continue;
      }
      await this.#turn(run);
    }
  }

  /** Undefined: the server takes no further connection, and the others are to be waited for. */
  async #open(run: Run): Promise<PooledSession | undefined> {
    const { server, credentials } = this.#settings;
    for (let attempt = 0; ; attempt++) {
      this.#opening++;
      try {
        const session = await this.#untilClosed(run, (opening) =>
          openSession(server, { credentials, access: 'reading', run: opening }),
        );
        const pooled = Object.assign(session, { opened: undefined, tellsUidLate: false });
        this.#all.add(pooled);
        return pooled;
      } catch (error) {
        throwIfInterrupted(run);
        const fault = asFault(error);
        if (this.#all.size > 0 && isFault(fault, 'server-throttled', 'server-unavailable')) {
          this.#limit = this.#all.size;
          return undefined;
        }
        if (!fault.retry || attempt >= 3) throw fault;
        this.#opening--;
        await this.pause(fault, attempt, run).finally(() => this.#opening++);
      } finally {
        this.#opening--;
      }
    }
  }

  /** Interrupts the work when the pool is closed before it is done. */
  async #untilClosed<Result>(run: Run, work: (run: Run) => Promise<Result>): Promise<Result> {
    const opening = new AbortController();
    if (this.#closed) opening.abort(closed());
    this.#openings.add(opening);
    try {
      const signal = AbortSignal.any([run.signal, opening.signal]);
      return await work({ signal, now: () => run.now(), emit: (event) => run.emit(event) });
    } catch (error) {
      throw opening.signal.aborted && !run.signal.aborted ? closed() : error;
    } finally {
      this.#openings.delete(opening);
    }
  }

  /** Until a connection comes back, or the run is interrupted. */
  #turn(run: Run): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        run.signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = (): void => {
        const at = this.#waiting.indexOf(wake);
        if (at >= 0) this.#waiting.splice(at, 1);
        reject(interrupted(run.signal.reason));
      };
      run.signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(wake);
    });
  }
}

const closed = (): Fault => new Fault('internal', 'the account was closed');
