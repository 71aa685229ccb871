import type { ObjectHandle } from '../../../contract/backend.ts';
import type { Run } from '../../../contract/run.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { sleep } from '../../../system/clock.ts';
import { type LockInfo, type LockStorage, minute, sealLock, zonedTime } from './lock-file.ts';

/** A lock that this process holds. */
export interface HeldLock {
  /** The name of its newest file. */
  readonly id: string;
  /** Whether nobody may yet take it for stale: refreshed less than 22.5 minutes ago by the wall clock. */
  isFresh(now: Nanoseconds): boolean;
  /** Writes a newer file, then removes the older one. Fault `lock-lost` when somebody has removed it; other Faults leave it as it was. */
  refresh(): Promise<void>;
  /** Removes it, whatever `run` says by now. May be called twice. */
  release(): Promise<void>;
}

/** What another thread needs to go on refreshing a lock; it can be cloned. */
export interface LockState {
  readonly info: LockInfo;
  readonly id: string;
  /** Every file that may be there. */
  readonly names: readonly string[];
}

/** Time that storage gets to show a new lock to others; never shorter. */
export const settlingTime = 200;
const freshAge: Nanoseconds = (45n * minute) / 2n;
const cleaningTime = 60_000;

const handleOf = (name: string): ObjectHandle => ({ kind: 'lock', name, isNamedByHash: true });

export const lockLost = (): Fault =>
  new Fault('lock-lost', 'the lock of this run on the repository was removed by somebody else', {
    hint: 'Run the same command again; what was stored so far is used. Do not run `unlock` while another run is at work.',
    retry: true,
  });

/** The same context, but not cancelled: locks are removed on every way out, within a minute. */
const cleaningRun = (run: Run): Run => ({
  signal: AbortSignal.timeout(cleaningTime),
  now: () => run.now(),
  emit: (event) => run.emit(event),
});

export class StoredLock implements HeldLock {
  readonly #storage: LockStorage;
  readonly #run: Run;
  readonly #names: Set<string>;
  #info: LockInfo;
  #id: string;
  #released = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(storage: LockStorage, state: LockState, run: Run) {
    this.#storage = storage;
    this.#run = run;
    this.#info = state.info;
    this.#id = state.id;
    this.#names = new Set(state.names);
  }

  get id(): string {
    return this.#id;
  }

  state(): LockState {
    return { info: this.#info, id: this.#id, names: [...this.#names] };
  }

  /** Takes over what the thread that keeps this lock has done to it. */
  adopt({ info, id, names }: LockState): void {
    this.#info = info;
    this.#id = id;
    this.#names.clear();
    for (const name of names) this.#names.add(name);
  }

  /** When it was last written. */
  get time(): Nanoseconds {
    return this.#info.time.nanoseconds;
  }

  isFresh(now: Nanoseconds): boolean {
    const age = now - this.time;
    // A clock set back by that much says nothing about how others see the lock.
    return age < freshAge && age > -freshAge;
  }

  /** Whether it is still there, asked of the storage. */
  async isStored(): Promise<boolean> {
    for (;;) {
      const name = this.#id;
      if (await this.#isThere(name)) return true;
      // The thread that keeps this lock may have replaced the file a moment ago: its word is on the way.
      await sleep(settlingTime, this.#run.signal);
      if (this.#id === name) return false;
    }
  }

  /** Writes the first file. */
  take(): Promise<void> {
    return this.#inTurn(() => this.#write());
  }

  refresh(): Promise<void> {
    return this.#inTurn(() => this.#refresh());
  }

  release(): Promise<void> {
    return this.#inTurn(async () => {
      this.#released = true;
      await this.#removeAllBut('', cleaningRun(this.#run));
    });
  }

  /** Refresh and release never overlap. */
  #inTurn(step: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(step);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #refresh(): Promise<void> {
    if (this.#released) throw lockLost();
    const old = this.#id;
    const wasFresh = this.isFresh(this.#run.now());
    if (!(await this.#isThere(old))) throw lockLost();
    const before = this.#info;
    await this.#write();
    // Others could take the old file for stale and remove it: then it must have outlived the new one's appearance.
    if (!wasFresh) await this.#settle(old, before);
    await this.#removeAllBut(this.#id, cleaningRun(this.#run));
  }

  async #settle(old: string, before: LockInfo): Promise<void> {
    try {
      await sleep(settlingTime, this.#run.signal);
      if (!(await this.#isThere(old))) throw lockLost();
    } catch (error) {
      this.#id = old;
      this.#info = before;
      await this.#removeAllBut(old, cleaningRun(this.#run));
      throw error;
    }
  }

  async #write(): Promise<void> {
    const info: LockInfo = { ...this.#info, time: zonedTime(this.#run.now()) };
    const { name, bytes } = sealLock(info, this.#storage.envelope);
    // Known before it is stored: an upload that fails may have arrived all the same.
    this.#names.add(name);
    await this.#storage.records?.note(name);
    await this.#storage.backend.save(handleOf(name), [bytes], this.#run);
    this.#id = name;
    this.#info = info;
  }

  async #isThere(name: string): Promise<boolean> {
    try {
      await this.#storage.backend.size(handleOf(name), this.#run);
      return true;
    } catch (error) {
      if (isFault(error, 'object-missing')) return false;
      throw error;
    }
  }

  async #removeAllBut(kept: string, run: Run): Promise<void> {
    const failures: unknown[] = [];
    for (const name of [...this.#names].filter((each) => each !== kept)) {
      try {
        await this.#storage.backend.remove(handleOf(name), run);
      } catch (error) {
        if (!isFault(error, 'object-missing')) {
          failures.push(error);
          continue;
        }
      }
      this.#names.delete(name);
      await this.#storage.records?.forget(name);
    }
    if (failures.length > 0) throw failures[0];
  }
}
