import type * as KoffiModule from 'koffi';

/** C functions by their prototypes; throws when there is none of that name. */
export type OwnLibrary = Pick<ReturnType<(typeof KoffiModule)['load']>, 'func'>;

const with64Bits: readonly string[] = ['x64', 'arm64', 'riscv64', 'loong64', 'ppc64'];

/**
 * The C functions that the running Node itself is built with: it exports those of OpenSSL, for addons, and those of zstd.
 * Undefined where
 * `size_t` has no 64 bits or the optional package `koffi` is not installed or does not load. Whether a function is there, and does what
 * is expected of it, is for the caller to try. A call costs a third of a microsecond.
 *
 * A thread must have started before it is ended: `startThread` sees to that.
 */
export const loadOwnLibrary = async (): Promise<OwnLibrary | undefined> => {
  if (!with64Bits.includes(process.arch)) return undefined;
  try {
    const { load } = await import('koffi');
    return load(null);
  } catch {
    // An optional addon: that it is missing, or was built for another system, is no error.
    return undefined;
  }
};
