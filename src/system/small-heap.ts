import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 collect garbage early, in all threads, until the function that it returns is called: the nursery stays as small as it
 * is, and the rest grows by small steps. Where memory is plenty V8 lets garbage lie otherwise, twice as much as is in use; a
 * program that waits for a network has the time to tidy up.
 */
export const keepHeapSmall = (): (() => void) => {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--optimize-for-size');
  return () => {
    setFlagsFromString('--semi-space-growth-factor=2');
    setFlagsFromString('--no-optimize-for-size');
  };
};
