import type { Backend } from '../contract/backend.ts';

/** Every call handed on as it is: what a wrapper begins with. An object of methods, whatever `inner` is made of. */
export const passThrough = (inner: Backend): Backend => ({
  description: inner.description,
  capabilities: inner.capabilities,
  ...(inner.entrance === undefined ? {} : { entrance: inner.entrance }),
  ...(inner.versions === undefined ? {} : { versions: inner.versions }),
  create: (run) => inner.create(run),
  size: (handle, run) => inner.size(handle, run),
  save: (handle, parts, run) => inner.save(handle, parts, run),
  load: (handle, range, run) => inner.load(handle, range, run),
  list: (kind, run) => inner.list(kind, run),
  remove: (handle, run) => inner.remove(handle, run),
  close: () => inner.close(),
});

/** The same without a way for other threads or versions, for wrappers that must not be gone around. */
export const passInThread = (inner: Backend): Backend => {
  const { entrance: _, versions: _versions, ...rest } = passThrough(inner);
  return rest;
};
