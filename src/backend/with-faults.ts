import type { Backend, ListedObject, ObjectHandle, ObjectKind } from '../contract/backend.ts';
import { interrupted, type Run } from '../contract/run.ts';
import { Fault } from '../model/fault.ts';
import { joined, lengthOf } from './parts.ts';
import { passInThread } from './pass-through.ts';

export type Operation = 'create' | 'size' | 'save' | 'load' | 'list' | 'remove';

/** One call; a listing is one, however many pages it has. */
export interface Call {
  /** Its place among all calls, from 0. */
  readonly index: number;
  /** Its place among the calls of its operation and kind, from 0. */
  readonly turn: number;
  readonly operation: Operation;
  /** Absent for `create`. */
  readonly kind?: ObjectKind;
  /** Absent for `create` and `list`. */
  readonly name?: string;
  /** Of a save. */
  readonly bytes?: number;
}

export interface RecordedCall extends Call {
  /** Whether the storage did it, whatever the caller was told. Of a listing: to the end. */
  done: boolean;
  /** What was made of it; undefined for an ordinary call. */
  readonly mishap: Mishap['kind'] | undefined;
}

export type Mishap =
  /** The storage is not asked. */
  | { readonly kind: 'fail-before'; readonly fault: Fault }
  /** It was done, and the answer got lost. Of a listing: after its first page. */
  | { readonly kind: 'fail-after'; readonly fault: Fault }
  /** A load gives so many bytes fewer, as an implementation that breaks the contract would. */
  | { readonly kind: 'short-read'; readonly by: number }
  /** A load gives, or a save stores, a byte with its lowest bit flipped; `at` counts from the end when negative. */
  | { readonly kind: 'wrong-bytes'; readonly at: number }
  /** A save stores nothing, and says that it did. */
  | { readonly kind: 'lost-save' }
  /** A save stores so many bytes fewer, and says that all is there. */
  | { readonly kind: 'short-save'; readonly by: number }
  /** No answer ever comes, until the run is interrupted. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'slow'; readonly milliseconds: number }
  /** This call does not happen, and neither does any later one. */
  | { readonly kind: 'power-cut' };

export interface FaultyBackend {
  readonly backend: Backend;
  readonly calls: readonly RecordedCall[];
}

export interface FaultOptions {
  /** For `slow`. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Nothing happens at call `index` and after it. */
export const powerCutAt =
  (index: number) =>
  (call: Call): Mishap | undefined =>
    call.index >= index ? { kind: 'power-cut' } : undefined;

/** These mishaps, one each, for the calls that the filter picks, in order; `undefined` lets one pass. */
export const scripted = (
  picks: (call: Call) => boolean,
  mishaps: readonly (Mishap | undefined)[],
): ((call: Call) => Mishap | undefined) => {
  let next = 0;
  return (call) => (picks(call) ? mishaps[next++] : undefined);
};

/** The same mishaps for the same seed: one of `mishaps` for a share (0 to 1) of all calls. */
export const seeded = (
  seed: number,
  share: number,
  mishaps: readonly Mishap[],
): ((call: Call) => Mishap | undefined) => {
  let state = seed >>> 0;
  // mulberry32: small, and even enough for this.
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => (random() < share ? mishaps[Math.floor(random() * mishaps.length)] : undefined);
};

const powerIsCut = (): Fault => new Fault('backend-unavailable', 'the power is cut');

const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const wrong = new Uint8Array(bytes);
  const place = at < 0 ? wrong.length + at : at;
  const byte = wrong[place];
  if (byte !== undefined) wrong[place] = byte ^ 1;
  return wrong;
};

const mangled = (parts: readonly Uint8Array[], mishap: Mishap | undefined): readonly Uint8Array[] => {
  if (mishap?.kind === 'wrong-bytes') return [flipped(joined(parts), mishap.at)];
  if (mishap?.kind !== 'short-save') return parts;
  const bytes = joined(parts);
  return [bytes.subarray(0, Math.max(0, bytes.length - mishap.by))];
};

/** Rejects once the run is interrupted, and never resolves. */
const untilInterrupted = ({ signal }: Run): Promise<never> =>
  new Promise((_, reject) => {
    const stop = (): void => reject(interrupted(signal.reason));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

/** Records each call and decides what becomes of it. */
const createRecorder = (decide: (call: Call) => Mishap | undefined, options: FaultOptions) => {
  const calls: RecordedCall[] = [];
  let cut = false;

  const begin = async (
    what: Omit<Call, 'index' | 'turn'>,
    run: Run,
  ): Promise<{ readonly call: RecordedCall; readonly mishap: Mishap | undefined }> => {
    const turn = calls.filter((call) => call.operation === what.operation && call.kind === what.kind).length;
    const call = { ...what, index: calls.length, turn };
    const mishap: Mishap | undefined = cut ? { kind: 'power-cut' } : decide(call);
    const recorded: RecordedCall = { ...call, done: false, mishap: mishap?.kind };
    calls.push(recorded);
    if (mishap?.kind === 'power-cut') {
      cut = true;
      throw powerIsCut();
    }
    if (mishap?.kind === 'fail-before') throw mishap.fault;
    if (mishap?.kind === 'silent') await untilInterrupted(run);
    if (mishap?.kind === 'slow') await options.sleep?.(mishap.milliseconds, run.signal);
    return { call: recorded, mishap };
  };

  const around = async <T>(
    what: Omit<Call, 'index' | 'turn'>,
    run: Run,
    act: (mishap: Mishap | undefined) => Promise<T>,
  ): Promise<T> => {
    const { call, mishap } = await begin(what, run);
    const result = await act(mishap);
    call.done = true;
    if (mishap?.kind === 'fail-after') throw mishap.fault;
    return result;
  };

  return { calls, begin, around };
};

/**
 * For tests: goes wrong in the way that `decide` says of each call, deterministically, and keeps a record. Other
 * threads get no way around it.
 */
export const withFaults = (
  inner: Backend,
  decide: (call: Call) => Mishap | undefined,
  options: FaultOptions = {},
): FaultyBackend => {
  const { calls, begin, around } = createRecorder(decide, options);
  const of = (operation: Operation, handle: ObjectHandle) => ({ operation, kind: handle.kind, name: handle.name });

  async function* list(kind: ObjectKind, run: Run): AsyncGenerator<readonly ListedObject[]> {
    const { call, mishap } = await begin({ operation: 'list', kind }, run);
    for await (const page of inner.list(kind, run)) {
      yield page;
      if (mishap?.kind === 'fail-after') throw mishap.fault;
    }
    call.done = true;
    if (mishap?.kind === 'fail-after') throw mishap.fault;
  }

  const backend: Backend = {
    ...passInThread(inner),
    create: (run) => around({ operation: 'create' }, run, () => inner.create(run)),
    size: (handle, run) => around(of('size', handle), run, () => inner.size(handle, run)),
    save: (handle, parts, run) => {
      const bytes = lengthOf(parts);
      return around({ ...of('save', handle), bytes }, run, (mishap) =>
        mishap?.kind === 'lost-save' ? Promise.resolve() : inner.save(handle, mangled(parts, mishap), run),
      );
    },
    load: (handle, range, run) =>
      around(of('load', handle), run, async (mishap) => {
        const bytes = await inner.load(handle, range, run);
        if (mishap?.kind === 'short-read') return bytes.slice(0, Math.max(0, bytes.length - mishap.by));
        return mishap?.kind === 'wrong-bytes' ? flipped(bytes, mishap.at) : bytes;
      }),
    list,
    remove: (handle, run) => around(of('remove', handle), run, () => inner.remove(handle, run)),
  };
  return { backend, calls };
};
