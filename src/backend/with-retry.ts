import type { Backend, ObjectHandle, VersionedStorage } from '../contract/backend.ts';
import { throwIfInterrupted, type Run } from '../contract/run.ts';
import { type Fault, isFault } from '../model/fault.ts';
import { describeObject } from './object-name.ts';
import { lengthOf } from './parts.ts';
import { passThrough } from './pass-through.ts';

export interface RetryOptions {
  /** 0 up to 1, as `Math.random`. */
  readonly random: () => number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** The first pause; each further one is twice as long. Default 500 ms. */
  readonly firstPause?: number;
  /** Default 60,000 ms. */
  readonly longestPause?: number;
  /** A call that has failed for this long by the wall clock has failed. Default 15 minutes, in ms. */
  readonly patience?: number;
  /** The same for a server that has never answered: it may be down for a moment, or not exist. Default 2 minutes. */
  readonly firstPatience?: number;
  /** The same for one that refuses connections from the first on: most likely the port is wrong. Default 10 s. */
  readonly refusedPatience?: number;
}

/** Whether the server has never answered: then the address may be wrong, which is told along with the waiting. */
const isUnmet = ({ context }: Fault): boolean => context['unmet'] === true;

const isRefused = ({ context }: Fault): boolean => context['refused'] === true;

const doubtOf = (fault: Fault): string => (isUnmet(fault) && fault.hint !== undefined ? `. ${fault.hint}` : '');

interface Attempts {
  /** The pause after this fault, or the fault again when it is no use. */
  pauseAfter(thrown: unknown): Promise<void>;
  /** How many have failed. */
  readonly failed: number;
  /** There was progress: patience starts anew. */
  renew(): void;
}

/** Counts one call's failures and waits between its attempts: twice as long each time, from half to one and a half of it. */
const attempts = (what: string, run: Run, options: RetryOptions): Attempts => {
  const { random, sleep, firstPause = 500, longestPause = 60_000 } = options;
  const { patience = 900_000, firstPatience = 120_000, refusedPatience = 10_000 } = options;
  const patienceWith = (fault: Fault): number =>
    Math.min(patience, isRefused(fault) ? refusedPatience : isUnmet(fault) ? firstPatience : patience);
  let failed = 0;
  let inARow = 0;
  let begun = run.now();
  let paused = 0;
  const told = (fault: Fault, pause: number): string =>
    `${what}: ${fault.message}; trying again in ${(pause / 1000).toFixed(1)} s${doubtOf(fault)}`;
  return {
    get failed() {
      return failed;
    },
    renew: () => {
      inARow = 0;
      begun = run.now();
      paused = 0;
    },
    pauseAfter: async (thrown) => {
      if (!isFault(thrown) || !thrown.retry) throw thrown;
      throwIfInterrupted(run);
      const pause = Math.min(longestPause, firstPause * 2 ** inARow) * (0.5 + random());
      // The pauses count also where the wall clock stands or was set back.
      const lasted = Math.max(paused, Number(run.now() - begun) / 1_000_000);
      if (lasted + pause > patienceWith(thrown)) throw thrown;
      paused += pause;
      failed++;
      inARow++;
      run.emit({ kind: 'notice', message: told(thrown, pause) });
      await sleep(pause, run.signal);
    },
  };
};

/** Whether the object holds exactly these bytes. */
const holds = async (inner: Backend, handle: ObjectHandle, { parts, run }: Written): Promise<boolean> => {
  const length = lengthOf(parts);
  if ((await inner.size(handle, run)) !== length) return false;
  const found = await inner.load(handle, undefined, run);
  let at = 0;
  for (const part of parts) {
    if (Buffer.compare(found.subarray(at, at + part.length), part) !== 0) return false;
    at += part.length;
  }
  return at === found.length;
};

interface Written {
  readonly parts: readonly Uint8Array[];
  readonly run: Run;
}

type Again = <T>(what: string, run: Run, call: (failed: number) => Promise<T>) => Promise<T>;

const retriedVersions = (versions: VersionedStorage, again: Again): VersionedStorage => ({
  lost: (kind, run) => versions.lost(kind, run),
  bringBack: (object, run) =>
    again(`bringing back ${describeObject(object.handle)}`, run, () => versions.bringBack(object, run)),
  hold: (handle, until, run) =>
    again(`holding ${describeObject(handle)}`, run, () => versions.hold(handle, until, run)),
});

/**
 * Repeats calls whose Fault says `retry`, with growing pauses, each told as a notice. An answer that got lost is no
 * failure: a repeated save that meets its own bytes under the name, or a repeated remove that finds nothing, succeeded.
 * A listing goes on after the objects that it has already given. Other threads get the way to `inner` and retry themselves.
 */
export const withRetry = (inner: Backend, options: RetryOptions): Backend => {
  const again = async <T>(what: string, run: Run, call: (failed: number) => Promise<T>): Promise<T> => {
    const tries = attempts(what, run, options);
    for (;;) {
      try {
        return await call(tries.failed);
      } catch (error) {
        await tries.pauseAfter(error);
      }
    }
  };
  /** A success of an earlier attempt shows once; the comparison after it may itself have to be repeated. */
  const saveOnce = async (handle: ObjectHandle, written: Written, failed: number): Promise<void> => {
    try {
      await inner.save(handle, written.parts, written.run);
    } catch (error) {
      if (failed === 0 || !isFault(error, 'object-exists') || !(await holds(inner, handle, written))) throw error;
    }
  };

  return {
    ...passThrough(inner),
    ...(inner.versions === undefined ? {} : { versions: retriedVersions(inner.versions, again) }),
    create: (run) => again('making the repository', run, () => inner.create(run)),
    size: (handle, run) => again(`looking at ${describeObject(handle)}`, run, () => inner.size(handle, run)),
    load: (handle, range, run) => again(`loading ${describeObject(handle)}`, run, () => inner.load(handle, range, run)),
    save: (handle, parts, run) =>
      again(`saving ${describeObject(handle)}`, run, (failed) => saveOnce(handle, { parts, run }, failed)),
    remove: (handle, run) =>
      again(`removing ${describeObject(handle)}`, run, async (failed) => {
        try {
          await inner.remove(handle, run);
        } catch (error) {
          if (failed === 0 || !isFault(error, 'object-missing')) throw error;
        }
      }),
    list: async function* (kind, run) {
      const tries = attempts(`listing each ${kind}`, run, options);
      const given = new Set<string>();
      for (;;) {
        try {
          for await (const page of inner.list(kind, run)) {
            const fresh = page.filter(({ name }) => !given.has(name));
            for (const { name } of fresh) given.add(name);
            tries.renew();
            if (fresh.length > 0) yield fresh;
          }
          return;
        } catch (error) {
          await tries.pauseAfter(error);
        }
      }
    },
  };
};
