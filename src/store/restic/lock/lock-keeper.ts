import { Worker } from 'node:worker_threads';
import type { Backend } from '../../../contract/backend.ts';
import type { Run } from '../../../contract/run.ts';
import { asFault, type Fault } from '../../../model/fault.ts';
import type { MasterKey } from '../sealing/envelope.ts';
import type { StoredLock } from './held-lock.ts';
import type { FromLockThread, LockThreadSetup, ToLockThread } from './lock-messages.ts';
import { type KeeperPace, refreshRegularly, usualPace } from './lock-refresh.ts';
import { revivedFault } from '../plain-fault.ts';
import { threadFile } from '../thread-pool.ts';

export interface LockKeeper {
  /** Ends the refreshing; when it resolves no attempt is under way, and the lock may be released. Never rejects. May be called twice. */
  stop(): Promise<void>;
}

export interface LockKeeperOptions {
  readonly lock: StoredLock;
  readonly backend: Backend;
  readonly master: MasterKey;
  /** The folder of the local records of locks. */
  readonly recordFolder?: string | undefined;
  readonly run: Run;
  /** Called at most once: the lock can no longer be relied on, so nothing more may be written. */
  readonly onLost: (fault: Fault) => void;
  /** Default: every 5 minutes. */
  readonly pace?: KeeperPace;
}

/** A thread that does not answer for so long hangs in its storage and is ended. */
const stoppingTime = 20_000;

/**
 * Keeps a lock fresh until `stop`: in a thread with its own connection where the backend has an entrance, in this thread
 * otherwise, or should that thread fail. Attempts that fail while the lock still holds are emitted as notices.
 */
export const keepLock = (options: LockKeeperOptions): LockKeeper => {
  const { entrance } = options.backend;
  if (entrance === undefined) return { stop: keepHere(options) };
  const { lock, master, recordFolder, pace = usualPace } = options;
  const setup: LockThreadSetup = { ...entrance, master, state: lock.state(), pace, recordFolder };
  return new ThreadKeeper(new Worker(threadFile('lock-thread', import.meta.url), { workerData: setup }), options);
};

/** A notice, as the outcome does not change so long as the lock holds. */
const tell = ({ run }: LockKeeperOptions, fault: Fault): void =>
  run.emit({
    kind: 'notice',
    message: `the lock on the repository could not be refreshed, trying again: ${fault.message}`,
  });

const keepHere = (options: LockKeeperOptions): (() => Promise<void>) => {
  const { lock, run, onLost, pace = usualPace } = options;
  return refreshRegularly(lock, { now: () => run.now(), onTrouble: (fault) => tell(options, fault), onLost }, pace);
};

class ThreadKeeper implements LockKeeper {
  readonly #options: LockKeeperOptions;
  readonly #worker: Worker;
  /** Resolves when the thread will touch the lock no more. */
  readonly #ended = Promise.withResolvers<void>();
  #stopping = false;
  #lost = false;
  #stopHere: (() => Promise<void>) | undefined;

  constructor(worker: Worker, options: LockKeeperOptions) {
    this.#options = options;
    this.#worker = worker;
    worker.on('message', (message: FromLockThread) => this.#receive(message));
    worker.on('error', (error) => tell(options, asFault(error)));
    worker.on('exit', () => this.#exited());
    // The lock alone keeps no process alive.
    worker.unref();
  }

  async stop(): Promise<void> {
    if (!this.#stopping) {
      this.#stopping = true;
      this.#worker.postMessage({ kind: 'stop' } satisfies ToLockThread);
    }
    const timer = setTimeout(() => void this.#worker.terminate(), stoppingTime);
    await this.#ended.promise;
    clearTimeout(timer);
    await this.#stopHere?.();
  }

  #receive(message: FromLockThread): void {
    const { lock, onLost } = this.#options;
    switch (message.kind) {
      case 'refreshed':
        return lock.adopt(message.state);
      case 'trouble':
        return tell(this.#options, revivedFault(message.fault));
      case 'lost':
        this.#lost = true;
        return onLost(revivedFault(message.fault));
      case 'stopped':
        lock.adopt(message.state);
        return this.#ended.resolve();
    }
  }

  #exited(): void {
    this.#ended.resolve();
    if (this.#stopping || this.#lost) return;
    this.#stopHere = keepHere(this.#options);
  }
}
