import type { Backend } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import { listNames } from './index/index-loader.ts';
import { listSizes } from './save-checked.ts';

/** Somebody may have written since: later than this it is asked for again. */
const servesFor: Nanoseconds = 60_000_000_000n;

/** What a backup or a restore begins with, asked for together instead of one after another. */
interface Ahead<Loaded> {
  readonly loaded: Promise<Loaded>;
  /** Names of the snapshots. */
  readonly snapshots: Promise<readonly string[]>;
  /** Sizes of the packs. */
  readonly packs: Promise<ReadonlyMap<string, number>>;
}

/**
 * Reads while a new lock settles what will be needed under it. Each answer serves once; a failure counts where it is used.
 * What could not be locked after all is to be discarded: somebody may change it.
 */
export class ReadAhead<Loaded> {
  readonly #backend: Backend;
  readonly #load: (run: Run) => Promise<Loaded>;
  #ahead: Partial<Ahead<Loaded>> = {};
  #begun: Nanoseconds = 0n;

  constructor(backend: Backend, load: (run: Run) => Promise<Loaded>) {
    this.#backend = backend;
    this.#load = load;
  }

  begin(run: Run): void {
    const ahead = {
      loaded: this.#load(run),
      snapshots: listNames(this.#backend, 'snapshot', run),
      packs: listSizes(this.#backend, 'pack', run),
    };
    for (const promise of Object.values(ahead)) promise.catch(() => undefined);
    this.#ahead = ahead;
    this.#begun = run.now();
  }

  discard(): void {
    this.#ahead = {};
  }

  take<Name extends keyof Ahead<Loaded>>(name: Name, run: Run): Ahead<Loaded>[Name] | undefined {
    const age = run.now() - this.#begun;
    if (age < 0n || age > servesFor) this.discard();
    const { [name]: taken, ...rest } = this.#ahead;
    this.#ahead = rest;
    return taken;
  }
}
