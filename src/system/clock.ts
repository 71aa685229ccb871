import { setTimeout as timeout } from 'node:timers/promises';
import type { Nanoseconds } from '../model/entry.ts';
import { Fault } from '../model/fault.ts';

/** The wall clock. It steps by milliseconds: Node offers no finer one that also follows suspend and corrections. */
export const systemNow = (): Nanoseconds => BigInt(Date.now()) * 1_000_000n;

/** Resolves after `milliseconds`; rejects with the Fault `interrupted` as soon as the signal is aborted. */
export const sleep = async (milliseconds: number, signal: AbortSignal): Promise<void> => {
  try {
    await timeout(milliseconds, undefined, { signal });
  } catch (error) {
    throw new Fault('interrupted', 'interrupted while waiting', { cause: error });
  }
};
