import type { Backend } from '../contract/backend.ts';
import { passInThread } from './pass-through.ts';

/** What went to and fro. A page of a listing is one call. */
export interface Counted {
  create: number;
  size: number;
  save: number;
  load: number;
  list: number;
  remove: number;
  bytesSaved: number;
  bytesLoaded: number;
}

/** Counts calls and bytes, also of calls that fail; only what goes through this thread. */
export const withCount = (inner: Backend): { readonly backend: Backend; readonly counts: Readonly<Counted> } => {
  const counts: Counted = {
    create: 0,
    size: 0,
    save: 0,
    load: 0,
    list: 0,
    remove: 0,
    bytesSaved: 0,
    bytesLoaded: 0,
  };
  const backend: Backend = {
    ...passInThread(inner),
    create: async (run) => {
      counts.create++;
      await inner.create(run);
    },
    size: async (handle, run) => {
      counts.size++;
      return inner.size(handle, run);
    },
    save: async (handle, parts, run) => {
      counts.save++;
      for (const part of parts) counts.bytesSaved += part.length;
      await inner.save(handle, parts, run);
    },
    load: async (handle, range, run) => {
      counts.load++;
      const bytes = await inner.load(handle, range, run);
      counts.bytesLoaded += bytes.length;
      return bytes;
    },
    list: async function* (kind, run) {
      // The answer that there is nothing (more) takes a round trip too, where there was no page.
      let pages = 0;
      for await (const page of inner.list(kind, run)) {
        counts.list++;
        pages++;
        yield page;
      }
      if (pages === 0) counts.list++;
    },
    remove: async (handle, run) => {
      counts.remove++;
      await inner.remove(handle, run);
    },
  };
  return { backend, counts };
};
