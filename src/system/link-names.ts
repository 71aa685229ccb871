import { closeSync, constants, openSync } from 'node:fs';
import type { ByteString } from '../model/byte-string.ts';
import { nativePath } from './native-path.ts';
import { type Caller, found, type Koffi, type Library, PosixError } from './posix-call.ts';

/** Gives files of one folder a second name, the same, in another. */
export interface NameLinker {
  /** Throws a `PosixError`. Never follows a link. */
  link(name: ByteString): void;
  close(): void;
}

/**
 * Opens both folders, so that the way to them is gone once and not for every file. Undefined where the system does not let us link this
 * way. Half the time of link(2) with whole paths. Throws the system's error for a folder that cannot be opened.
 */
export type LinkNames = (from: ByteString, to: ByteString) => NameLinker | undefined;

/** The address of the name as a number: what koffi converts an array to costs as much as the call. */
type LinkAt = (from: number, name: number, to: number, newName: number, flags: number) => number;

const bindLinkAt = (library: Library): LinkAt =>
  found(library, 'int linkat(int from, uintptr_t name, int to, uintptr_t new_name, int flags)', 'linkat');

/** NAME_MAX of Linux, in bytes, and the zero byte. */
const mostBytes = 256;

const asFolder = constants.O_RDONLY | constants.O_DIRECTORY;

export const bindLinks = (koffi: Koffi, library: Library, call: Caller): { readonly linkNames: LinkNames } => {
  let linkAt: LinkAt | undefined;
  const scratch = Buffer.allocUnsafeSlow(mostBytes);
  const address = Number(koffi.address(scratch));
  return {
    linkNames: (from, to) => {
      const link = (linkAt ??= bindLinkAt(library));
      const source = openSync(nativePath(from), asFolder);
      let target: number;
      try {
        target = openSync(nativePath(to), asFolder);
      } catch (error) {
        closeSync(source);
        throw error;
      }
      return {
        link: (name) => {
          if (name.length >= mostBytes || name.includes('\0')) throw new PosixError('EINVAL', 'linkat');
          const length = scratch.write(name, 0, 'latin1');
          scratch[length] = 0;
          call(link(source, address, target, address, 0), 'linkat');
        },
        close: () => {
          closeSync(source);
          closeSync(target);
        },
      };
    },
  };
};
