import type * as KoffiModule from 'koffi';
import type { ByteString } from '../model/byte-string.ts';

export type Koffi = typeof KoffiModule;
export type Library = ReturnType<Koffi['load']>;

/** What a call of the system came to, in the shape of Node's own errors of `node:fs`. */
export class PosixError extends Error {
  /** `EPERM`, `ENOSPC` …, or `E<number>` for what Node has no name for. */
  readonly code: string;
  readonly syscall: string;

  constructor(code: string, syscall: string) {
    super(`${code}: ${syscall}`);
    this.name = 'PosixError';
    this.code = code;
    this.syscall = syscall;
  }
}

/** Throws when the C function gave -1; `absent` are the codes for which undefined is the answer. */
export type Caller = (result: number | bigint, syscall: string, absent?: readonly string[]) => number | undefined;

export const createCaller = (koffi: Koffi): Caller => {
  const names = new Map(Object.entries(koffi.os.errno).map(([name, number]) => [number, name]));
  // Two names of one number on Linux; the first is the one that Node uses.
  const notSupported = koffi.os.errno['EOPNOTSUPP'];
  if (notSupported !== undefined) names.set(notSupported, 'ENOTSUP');
  return (result, syscall, absent = []) => {
    if (result !== -1 && result !== -1n) return Number(result);
    const number = koffi.errno();
    const code = names.get(number) ?? `E${String(number)}`;
    if (absent.includes(code)) return undefined;
    throw new PosixError(code, syscall);
  };
};

/** A path as C has it. */
export const cString = (path: ByteString): Uint8Array => {
  if (path.includes('\0')) throw new PosixError('EINVAL', 'path with a zero byte');
  return Buffer.from(`${path}\0`, 'latin1');
};

/** A C function that an older library may not have: then `ENOSYS`. */
export const found = (library: Library, definition: string, name: string): ReturnType<Library['func']> => {
  try {
    return library.func(definition);
  } catch {
    throw new PosixError('ENOSYS', name);
  }
};
