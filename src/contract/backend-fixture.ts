import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { type FaultCode, isFault } from '../model/fault.ts';
import type { Backend, ListedObject, ObjectHandle, ObjectKind } from './backend.ts';
import { createTestRun, type TestRun } from './test-run.ts';

export interface BackendUnderTest {
  readonly backend: Backend;
  /** Removes everything; called after `backend.close()`. */
  readonly cleanup: () => Promise<void>;
  /** Puts something under a kind whose name is no object's, as a stranger would; absent where nobody can. */
  readonly putStrange?: (kind: ObjectKind, name: string) => Promise<void>;
  /** Cuts a stored object short behind the backend's back; absent where nobody can. */
  readonly truncate?: (handle: ObjectHandle, length: number) => Promise<void>;
}

export const named = (kind: ObjectKind, bytes: Uint8Array): ObjectHandle => ({
  kind,
  name: kind === 'config' ? '' : createHash('sha256').update(bytes).digest('hex'),
});

/** Bytes of their own for each call, so that tests do not meet each other's objects on a shared server. */
export const unique = (length = 100): Uint8Array => new Uint8Array(randomBytes(length));

export const fails = (code: FaultCode, promise: Promise<unknown>): Promise<void> =>
  assert.rejects(promise, (thrown: unknown) => {
    assert.ok(isFault(thrown, code), `expected the Fault ${code}, met ${String(thrown)}`);
    return true;
  });

export const listAll = async (backend: Backend, kind: ObjectKind, run: TestRun): Promise<ListedObject[]> => {
  const all: ListedObject[] = [];
  for await (const page of backend.list(kind, run)) all.push(...page);
  return all;
};

export const isThere = async (backend: Backend, handle: ObjectHandle): Promise<boolean> => {
  const run = createTestRun();
  try {
    await backend.size(handle, run);
    return true;
  } catch (error) {
    if (isFault(error, 'object-missing')) return false;
    throw error;
  }
};

export const equal = (found: Uint8Array, expected: Uint8Array): void => {
  assert.equal(found.length, expected.length);
  assert.ok(Buffer.compare(found, expected) === 0, 'the bytes differ');
};

export const kinds: readonly ObjectKind[] = ['config', 'key', 'lock', 'snapshot', 'index', 'pack'];

/** Tries one guarantee on an empty storage of its own. The body tells why it tries nothing, where it does not. */
export type OnBackend = (
  what: string,
  body: (backend: Backend, run: TestRun, made: BackendUnderTest) => Promise<void | string>,
) => void;
