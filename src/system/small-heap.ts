import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation as small as it is now, for as long as the process lives. What this program makes is garbage soon,
 * and yet V8 lets the nursery of the main thread grow to 134 MB in a first backup of 100,000 messages. A small one stays in
 * the processor's cache and costs no page faults: 338 instead of 473 MB at the peak, and the same CPU time.
 */
export const keepNurserySmall = (): void => {
  setFlagsFromString('--semi-space-growth-factor=1');
};

/**
 * Has V8 collect garbage early, in all threads, until the function that it returns is called: the old generation grows by
 * small steps. Where memory is plenty V8 lets garbage lie otherwise, twice as much as is in use; a program that waits for a
 * network has the time to tidy up.
 */
export const keepHeapSmall = (): (() => void) => {
  setFlagsFromString('--optimize-for-size');
  return () => setFlagsFromString('--no-optimize-for-size');
};
