import type { Backend, ListedObject, ObjectKind } from '../contract/backend.ts';
import type { Run } from '../contract/run.ts';
import { Fault, isFault } from '../model/fault.ts';
import { describeObject } from './object-name.ts';
import { lengthOf } from './parts.ts';
import { passThrough } from './pass-through.ts';

export interface TimeoutOptions {
  /** Milliseconds for a call that carries nothing. */
  readonly patience: number;
  /** Bytes a second below which a call that carries something hangs. Default 16 KiB. */
  readonly slowest?: number;
}

/** What is loaded whole and not yet known by its size is not larger than this (a pack of the largest size). */
const largestObject = 128 * 1_048_576;

const hangs = (action: string, description: string, patience: number): Fault =>
  new Fault(
    'backend-unavailable',
    `cannot ${action} at ${description}: no answer within ${Math.ceil(patience / 1000)} s`,
    {
      retry: true,
      hint: 'A storage that is full may hang, too. --stuck-request-timeout says how long to wait.',
    },
  );

/** What Node's timers can count. */
const longestTimer = 2 ** 31 - 1;

/** Ends a call that takes too long, also where it does not listen to being cancelled. */
const within = async <T>(
  what: { readonly action: string; readonly description: string; readonly patience: number },
  run: Run,
  call: (run: Run) => Promise<T>,
): Promise<T> => {
  const late = new AbortController();
  const timer = Promise.withResolvers<never>();
  const fault = hangs(what.action, what.description, what.patience);
  const handle = setTimeout(() => {
    late.abort(fault);
    timer.reject(fault);
  }, what.patience);
  try {
    const signal = AbortSignal.any([run.signal, late.signal]);
    return await Promise.race([
      call({ signal, now: () => run.now(), emit: (event) => run.emit(event) }),
      timer.promise,
    ]);
  } catch (error) {
    // Being cancelled by us is not being interrupted by the person.
    throw isFault(error, 'interrupted') && late.signal.aborted && !run.signal.aborted ? fault : error;
  } finally {
    clearTimeout(handle);
  }
};

/**
 * A call that hangs fails with `backend-unavailable` and `retry`. This is the net below the watch on progress that a
 * backend keeps itself: what carries bytes is given the time that they take on a very slow line, besides.
 */
export const withTimeout = (inner: Backend, { patience, slowest = 16_384 }: TimeoutOptions): Backend => {
  const { description } = inner;
  const timeFor = (bytes: number): number => Math.min(longestTimer, patience + (bytes / slowest) * 1000);
  const timed = <T>(action: string, bytes: number, run: Run, call: (run: Run) => Promise<T>): Promise<T> =>
    within({ action, description, patience: timeFor(bytes) }, run, call);

  async function* list(kind: ObjectKind, run: Run): AsyncGenerator<readonly ListedObject[]> {
    // Each page is a call of its own, and the time between them is the listener's.
    const pages = inner.list(kind, run)[Symbol.asyncIterator]();
    let isOpen = true;
    try {
      for (;;) {
        const next = await timed(`list each ${kind}`, 0, run, () => pages.next());
        if (next.done === true) return;
        yield next.value;
      }
    } catch (error) {
      // A page that hangs would let the end of the listing hang as well.
      isOpen = false;
      throw error;
    } finally {
      if (isOpen) await pages.return?.();
    }
  }

  return {
    ...passThrough(inner),
    create: (run) => timed('make the repository', 0, run, (limited) => inner.create(limited)),
    size: (handle, run) => timed(`look at ${describeObject(handle)}`, 0, run, (limited) => inner.size(handle, limited)),
    save: (handle, parts, run) =>
      timed(`write ${describeObject(handle)}`, lengthOf(parts), run, (limited) => inner.save(handle, parts, limited)),
    load: (handle, range, run) =>
      timed(`read ${describeObject(handle)}`, range?.length ?? largestObject, run, (limited) =>
        inner.load(handle, range, limited),
      ),
    list,
    remove: (handle, run) =>
      timed(`remove ${describeObject(handle)}`, 0, run, (limited) => inner.remove(handle, limited)),
  };
};
