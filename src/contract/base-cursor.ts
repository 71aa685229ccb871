import type { Base, BaseEntry } from './source.ts';
import type { Run } from './run.ts';
import type { ByteString } from '../model/byte-string.ts';
import type { Path } from '../model/entry.ts';

/** Goes through a directory of the base beside a sorted listing: names are asked for in ascending byte order. */
export interface BaseCursor {
  /** What the base has under this name. Names that lie before it are passed by for good. */
  find(name: ByteString): Promise<BaseEntry | undefined> | BaseEntry | undefined;
  close(): Promise<void>;
}

export const createBaseCursor = (base: Base | undefined, path: Path, run: Run): BaseCursor => {
  if (base === undefined) return { find: () => undefined, close: async () => {} };
  const pages = base.children(path, run)[Symbol.asyncIterator]();
  let page: readonly BaseEntry[] = [];
  let at = 0;
  let ended = false;
  /** Without a promise for each name: nearly all answers lie in the page at hand. */
  const inPage = (name: ByteString): BaseEntry | 'beyond' | undefined => {
    for (; at < page.length; at++) {
      const candidate = page[at];
      if (candidate === undefined || candidate.entry.name < name) continue;
      return candidate.entry.name === name ? candidate : undefined;
    }
    return ended ? undefined : 'beyond';
  };
  const findBeyond = async (name: ByteString): Promise<BaseEntry | undefined> => {
    for (;;) {
      const next = await pages.next();
      ended = next.done === true;
      page = next.done === true ? [] : next.value;
      at = 0;
      const found = inPage(name);
      if (found !== 'beyond') return found;
    }
  };
  return {
    find: (name) => {
      const found = inPage(name);
      return found === 'beyond' ? findBeyond(name) : found;
    },
    close: async () => {
      if (!ended) await pages.return?.();
      ended = true;
    },
  };
};
