/** Parameters of mallopt(3), from glibc's malloc.h. */
const trimThreshold = -1;
const mmapThreshold = -3;

/** What both are in glibc as long as nothing was freed. */
const usualLimit = 128 * 1024;

/**
 * From now on glibc gives memory back to the system when pieces of `limit` bytes and more are freed; the higher it is, the less
 * often new pages have to be asked for. By itself it raises that limit to the size of what was freed, up to 32 MiB: after
 * the first pack the next ones come out of heaps that shrink no more, of this thread and of each other. For the whole
 * process, all threads. Where the optional package koffi is missing, or this is no Linux with glibc, nothing happens.
 * Returns whether it could be done.
 */
export const returnFreedMemory = async (limit = usualLimit): Promise<boolean> => {
  if (process.platform !== 'linux') return false;
  try {
    const { load } = await import('koffi');
    const set: (parameter: number, value: number) => number = load('libc.so.6').func(
      'int mallopt(int parameter, int value)',
    );
    return set(mmapThreshold, limit) === 1 && set(trimThreshold, limit) === 1;
  } catch {
    // An optional addon, and another C library: more memory is kept, and nothing else is different.
    return false;
  }
};
