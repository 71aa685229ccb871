import type { Run } from '../../../contract/run.ts';
import { asFault, Fault } from '../../../model/fault.ts';
import { sleep } from '../../../system/clock.ts';
import { lockLost, settlingTime, type StoredLock } from './held-lock.ts';
import { acquireLock, type FirstLook } from './lock.ts';
import { type FoundLock, lockedBy, processIsAlive, readLocks } from './lock-file.ts';
import { keepLock, type LockKeeper } from './lock-keeper.ts';
import { lockRecordsIn, recordFolderOf } from './lock-records.ts';
import { removeOwnDeadLocks } from './own-dead-locks.ts';
import type { LockKind, Session } from '../session.ts';

interface Holding {
  readonly kind: LockKind;
  readonly lock: StoredLock;
  keeper: LockKeeper | undefined;
  keeperTimer: NodeJS.Timeout;
  lost: Fault | undefined;
}

/** What is done while a new lock settles: reading what will be needed under it. */
export interface Meanwhile {
  readonly begin: () => void;
  /** The lock could not stay, so what was read is not to be relied on. */
  readonly discard: () => void;
}

/** After the first look: one who gives way is gone by then. */
const looksAtOthers = 4;

/** A lock is refreshed after five minutes, so a run of seconds needs no thread for that. Milliseconds. */
const keeperDelay = 30_000;

/** The locks that this process holds on one repository: at most one, shared by all work under it. */
export class LockKeeping {
  readonly #session: Session;
  #firstLook: FirstLook | undefined;
  #holding: Promise<Holding> | undefined;
  #held: Holding | undefined;
  /** How many pieces of work share the lock or wait for it. */
  #users = 0;

  constructor(session: Session, firstLook?: FirstLook) {
    this.#session = session;
    this.#firstLook = firstLook;
  }

  /** Runs `work` under a lock and removes it on every way out. A lock already held serves if it is as strong. */
  locked<Result>(kind: LockKind, work: () => Promise<Result>, run: Run, meanwhile?: Meanwhile): Promise<Result> {
    return kind === 'shared' && this.#session.options.noLock ? work() : this.whileHeld(kind, work, run, meanwhile);
  }

  /** The same for what writes, which is never done without a lock. */
  async whileHeld<Result>(
    kind: LockKind,
    work: () => Promise<Result>,
    run: Run,
    meanwhile?: Meanwhile,
  ): Promise<Result> {
    const holding = await this.#join(kind, run, meanwhile);
    try {
      return await work();
    } finally {
      await this.#leave(holding, run);
    }
  }

  /** Throws when the lock can no longer be relied on: then nothing may be written that depends on it. */
  assertFresh(run: Run): void {
    const holding = this.#held;
    if (holding === undefined) return;
    this.#assertUsable(holding, run);
  }

  #assertUsable(holding: Holding, run: Run): void {
    if (holding.lost !== undefined) throw holding.lost;
    if (holding.lock.isFresh(run.now())) return;
    throw new Fault(
      'lock-lost',
      'the lock on the repository could not be kept fresh, so nothing more is written under it',
      {
        hint: 'The storage did not answer for more than 20 minutes, or the machine slept. Run the same command again.',
        retry: true,
      },
    );
  }

  /**
   * Throws unless the exclusive lock is held, fresh, still in the storage, and the only one there. To be called before
   * something is removed: whoever else has a lock by now may rely on it.
   */
  async assertAlone(run: Run): Promise<void> {
    const holding = this.#held;
    if (holding?.kind !== 'exclusive')
      throw new Fault('internal', 'something was to be removed without the exclusive lock');
    this.#assertUsable(holding, run);
    const { hostname } = this.#session.options.identity;
    const { own, other } = await this.#othersBeside(holding, run);
    if (other !== undefined) throw lockedBy(other, { now: run.now(), hostname, isAlive: processIsAlive });
    if (!own) throw lockLost();
  }

  /** Whether the lock is there, and one that is not ours. */
  async #othersBeside({ lock }: Holding, run: Run): Promise<{ readonly own: boolean; readonly other?: FoundLock }> {
    const { backend, envelope } = this.#session;
    for (let look = 0; ; look++) {
      let own = false;
      let other: FoundLock | undefined;
      for await (const found of readLocks({ backend, envelope }, {}, run)) {
        if (lock.state().names.includes(found.name)) own = true;
        else other = found;
      }
      if (own && other === undefined) return { own };
      if (look > 0 && other === undefined) return { own };
      if (other !== undefined && look >= looksAtOthers) return { own, other };
      // The thread that keeps the lock fresh may have replaced the file a moment ago: its word is on the way. And who wants a
      // lock leaves a file for as long as locks settle, sees ours, and takes it back.
      await sleep(settlingTime, run.signal);
    }
  }

  /** As `assertFresh`, asking the storage too: somebody may have removed the lock a moment ago. */
  async assertHeld(run: Run): Promise<void> {
    this.assertFresh(run);
    if (this.#held !== undefined && !(await this.#held.lock.isStored())) throw lockLost();
  }

  /** Two that come at once must share one lock: what is awaited is the same promise. */
  async #join(kind: LockKind, run: Run, meanwhile: Meanwhile | undefined): Promise<Holding> {
    const held = this.#holding;
    if (held !== undefined && kind === 'exclusive' && (await held).kind === 'shared') {
      throw new Fault('internal', 'an exclusive lock was asked for under a shared one');
    }
    const promise = held ?? this.#acquire(kind, run, meanwhile);
    this.#holding = promise;
    this.#users++;
    try {
      return await promise;
    } catch (error) {
      this.#users--;
      if (this.#holding === promise) this.#holding = undefined;
      throw error;
    }
  }

  /** What became of the work matters more than a lock file that could not be removed: that is only told. */
  async #leave(holding: Holding, run: Run): Promise<void> {
    this.#users--;
    if (this.#users > 0) return;
    try {
      await this.#letGo(holding);
    } catch (error) {
      run.emit({ kind: 'fault', fault: asFault(error) });
    }
  }

  /** Removes whatever lock is held. */
  async release(): Promise<void> {
    if (this.#held !== undefined) await this.#letGo(this.#held);
  }

  async #acquire(kind: LockKind, run: Run, meanwhile: Meanwhile | undefined): Promise<Holding> {
    const { backend, envelope, options, master } = this.#session;
    const { identity, lockWait } = options;
    const recordFolder = recordFolderOf(this.#session);
    const records = recordFolder === undefined ? undefined : lockRecordsIn(recordFolder);
    if (records !== undefined) await removeOwnDeadLocks({ backend, envelope, records }, run);
    const lock = await acquireLock({
      backend,
      envelope,
      records,
      exclusive: kind === 'exclusive',
      identity,
      retryFor: lockWait,
      run,
      firstLook: this.#firstLook,
      onWritten: meanwhile?.begin,
      onWithdrawn: meanwhile?.discard,
    });
    this.#firstLook = undefined;
    const startKeeper = (): void => {
      holding.keeper = keepLock({
        lock,
        backend,
        master,
        recordFolder,
        run,
        onLost: (fault) => {
          holding.lost = fault;
        },
      });
    };
    const keeperTimer = setTimeout(startKeeper, keeperDelay);
    keeperTimer.unref();
    const holding: Holding = { kind, lock, keeper: undefined, keeperTimer, lost: undefined };
    this.#held = holding;
    return holding;
  }

  async #letGo(holding: Holding): Promise<void> {
    if (this.#held === holding) {
      this.#held = undefined;
      this.#holding = undefined;
    }
    clearTimeout(holding.keeperTimer);
    await holding.keeper?.stop();
    await holding.lock.release();
  }
}
