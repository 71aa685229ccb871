import type { Run } from '../../contract/run.ts';
import type { Base, BaseEntry } from '../../contract/source.ts';
import { identityOf } from '../../mail/maildir-name.ts';
import type { ByteString } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';

/** Finds messages of the base by their identity, beside a listing in byte order, with bounded memory. */
export interface MessageWindow {
  /** What the base has of the identity of this name. Names are asked for in ascending byte order. */
  find(name: ByteString): readonly BaseEntry[] | Promise<readonly BaseEntry[]>;
  close(): Promise<void>;
}

/** Above this the window is cleared of what no later name can ask for. */
const defaultWindow = 4096;

/**
 * An identity is a beginning of the names that have it, so both sides meet in nearly the same order: what lies between is
 * kept in a window.
 */
export const createMessageWindow = (
  base: Base | undefined,
  path: Path,
  run: Run,
  windowSize = defaultWindow,
): MessageWindow => {
  if (base === undefined) return { find: () => [], close: async () => {} };
  const pages = base.children(path, run)[Symbol.asyncIterator]();
  const window = new Map<ByteString, BaseEntry[]>();
  let last: ByteString | undefined;
  let ended = false;
  /** Whether everything that begins with the identity was read. */
  const hasPassed = (identity: ByteString): boolean =>
    ended || (last !== undefined && last > identity && !last.startsWith(identity));
  const clear = (name: ByteString): void => {
    for (const identity of window.keys()) {
      // All names that begin so lie before this one.
      if (identity < name && !name.startsWith(identity)) window.delete(identity);
    }
  };
  const readPage = async (): Promise<void> => {
    const page = await pages.next();
    if (page.done === true) {
      ended = true;
      return;
    }
    for (const entry of page.value) {
      last = entry.entry.name;
      const identity = identityOf(last);
      const known = window.get(identity);
      if (known === undefined) window.set(identity, [entry]);
      else known.push(entry);
    }
  };
  const readTo = async (name: ByteString, identity: ByteString): Promise<readonly BaseEntry[]> => {
    while (!hasPassed(identity)) {
      if (window.size > windowSize) clear(name);
      await readPage();
    }
    return window.get(identity) ?? [];
  };
  return {
    find: (name) => {
      const identity = identityOf(name);
      return hasPassed(identity) ? (window.get(identity) ?? []) : readTo(name, identity);
    },
    close: async () => {
      if (!ended) await pages.return?.();
      ended = true;
    },
  };
};
