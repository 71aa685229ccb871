import type { Nanoseconds } from '../../../model/entry.ts';
import { asFault, type Fault, isFault } from '../../../model/fault.ts';
import type { StoredLock } from './held-lock.ts';

/** Milliseconds. */
export interface KeeperPace {
  /** Age at which the lock is refreshed. */
  readonly refreshAfter: number;
  /** How often the wall clock is looked at: a timer of minutes would stand still while the machine sleeps. */
  readonly lookEvery: number;
  /** Wait after an attempt that failed. */
  readonly retryAfter: number;
}

export const usualPace: KeeperPace = { refreshAfter: 300_000, lookEvery: 5_000, retryAfter: 60_000 };

export interface RefreshListener {
  readonly now: () => Nanoseconds;
  readonly onRefreshed?: () => void;
  /** An attempt failed; the lock still holds. */
  readonly onTrouble: (fault: Fault) => void;
  /** The lock is gone or too old to rely on; nothing more is tried. */
  readonly onLost: (fault: Fault) => void;
}

const milliseconds = (nanoseconds: Nanoseconds): number => Number(nanoseconds / 1_000_000n);

/** Refreshes a lock in this thread whenever it is due. The returned function ends that, and resolves when no attempt is under way. */
export const refreshRegularly = (
  lock: StoredLock,
  listener: RefreshListener,
  pace: KeeperPace,
): (() => Promise<void>) => {
  const { now, onRefreshed, onTrouble, onLost } = listener;
  let attempt: Promise<void> | undefined;
  let notBefore = 0;

  const refresh = async (): Promise<void> => {
    try {
      await lock.refresh();
      onRefreshed?.();
    } catch (error) {
      const fault = asFault(error);
      if (isFault(fault, 'lock-lost') || !lock.isFresh(now())) {
        clearInterval(timer);
        onLost(fault);
      } else {
        notBefore = milliseconds(now()) + pace.retryAfter;
        onTrouble(fault);
      }
    }
  };

  const look = (): void => {
    const time = now();
    const age = milliseconds(time - lock.time);
    const due = age >= pace.refreshAfter && milliseconds(time) >= notBefore;
    if (attempt !== undefined || (!due && lock.isFresh(time))) return;
    attempt = refresh().finally(() => {
      attempt = undefined;
    });
  };

  const timer = setInterval(look, pace.lookEvery);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await attempt;
  };
};
