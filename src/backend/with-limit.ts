import type { Backend } from '../contract/backend.ts';
import { interrupted, throwIfInterrupted, type Run } from '../contract/run.ts';
import { Fault } from '../model/fault.ts';
import { checkRange } from './object-name.ts';
import { lengthOf } from './parts.ts';
import { passThrough } from './pass-through.ts';

export interface LimitOptions {
  /** Calls under way at once. Default: what `inner` declares. */
  readonly connections?: number;
  /** Bytes a second, on average: an object goes at full speed, and the next one waits for it. Default: no limit. */
  readonly uploadRate?: number;
  readonly downloadRate?: number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

interface Gate {
  through<T>(run: Run, call: () => Promise<T>): Promise<T>;
}

/** Lets so many calls through at once, the others in order of arrival. */
const createGate = (width: number): Gate => {
  let free = width;
  const waiting: (() => void)[] = [];
  const enter = async (run: Run): Promise<void> => {
    throwIfInterrupted(run);
    if (free > 0) {
      free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        run.signal.removeEventListener('abort', stop);
        resolve();
      };
      const stop = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(interrupted(run.signal.reason));
      };
      run.signal.addEventListener('abort', stop, { once: true });
      waiting.push(go);
    });
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  };
  return {
    through: async (run, call) => {
      await enter(run);
      try {
        return await call();
      } finally {
        leave();
      }
    },
  };
};

interface Pace {
  /** Takes the next place in line for so many bytes, and waits until it comes. */
  take(bytes: number, run: Run): Promise<void>;
}

const createPace = (rate: number | undefined, sleep: LimitOptions['sleep']): Pace => {
  if (rate === undefined) return { take: async () => {} };
  let paidAt: bigint | undefined;
  let lastNow: bigint | undefined;
  return {
    take: async (bytes, run) => {
      const now = run.now();
      // A wall clock that was set back must not make everybody wait for it.
      if (paidAt !== undefined && lastNow !== undefined && now < lastNow) paidAt -= lastNow - now;
      lastNow = now;
      const start = paidAt !== undefined && paidAt > now ? paidAt : now;
      paidAt = start + BigInt(Math.round((bytes / rate) * 1e9));
      if (start > now) await sleep(Math.ceil(Number(start - now) / 1_000_000), run.signal);
    },
  };
};

const positive = (value: number | undefined, what: string): number | undefined => {
  if (value === undefined || value > 0) return value;
  throw new Fault('configuration', `the limit of ${what} must be greater than 0, not ${value}`);
};

/**
 * Holds calls back so that not more than `connections` are under way and the rates are kept on average. Other threads are not held back: what goes through them is little (locks).
 */
export const withLimit = (inner: Backend, options: LimitOptions): Backend => {
  const connections = positive(options.connections, 'connections') ?? inner.capabilities.connections;
  const gate = createGate(connections);
  const uploadRate = positive(options.uploadRate, 'upload');
  const downloadRate = positive(options.downloadRate, 'download');
  const up = createPace(uploadRate, options.sleep);
  const down = createPace(downloadRate, options.sleep);

  return {
    ...passThrough(inner),
    capabilities: { ...inner.capabilities, connections },
    create: (run) => gate.through(run, () => inner.create(run)),
    size: (handle, run) => gate.through(run, () => inner.size(handle, run)),
    save: (handle, parts, run) =>
      gate.through(run, async () => {
        await up.take(lengthOf(parts), run);
        await inner.save(handle, parts, run);
      }),
    load: async (handle, range, run) => {
      checkRange(range);
      return gate.through(run, async () => {
        const length = range?.length ?? (downloadRate === undefined ? 0 : await inner.size(handle, run));
        await down.take(length, run);
        return inner.load(handle, range, run);
      });
    },
    list: async function* (kind, run) {
      // A place is held only while a page is fetched: whoever listens may make calls of their own between pages.
      const pages = inner.list(kind, run)[Symbol.asyncIterator]();
      try {
        for (;;) {
          const next = await gate.through(run, () => pages.next());
          if (next.done === true) return;
          yield next.value;
        }
      } finally {
        await pages.return?.();
      }
    },
    remove: (handle, run) => gate.through(run, () => inner.remove(handle, run)),
  };
};
