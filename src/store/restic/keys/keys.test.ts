import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMemoryBackend } from '../../../backend/memory.ts';
import type { Backend } from '../../../contract/backend.ts';
import { createTestRun, type TestRun } from '../../../contract/test-run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { listNames } from '../index/index-loader.ts';
import { testOptions, testPassword } from '../repository-fixture.ts';
import { initRepository } from '../init-repository.ts';
import { openRepository } from '../open-repository.ts';
import type { Repository } from '../repository.ts';
import { addKey, changePassword, listKeys, type NewKey, removeKey } from './keys.ts';

interface Place {
  readonly repository: Repository;
  readonly run: TestRun;
  readonly done: string[];
  open(password: string): Promise<Repository>;
}

const place = async (
  change: (memory: Backend, done: readonly string[]) => Partial<Backend> = () => ({}),
): Promise<Place> => {
  const run = createTestRun();
  const memory = createMemoryBackend();
  const done: string[] = [];
  const told: Backend = {
    ...memory,
    save: async (handle, parts, run) => {
      await memory.save(handle, parts, run);
      done.push(`save ${handle.kind}`);
    },
    remove: async (handle, run) => {
      await memory.remove(handle, run);
      done.push(`remove ${handle.kind}`);
    },
    close: async () => {},
  };
  await initRepository(memory, testOptions, run);
  const open = (password: string): Promise<Repository> =>
    openRepository({ ...told, ...change(told, done) }, { ...testOptions, password }, run);
  return { repository: await open(testPassword), run, done, open };
};

const newKey = (password: string): NewKey => ({
  password,
  cost: 'generated-password',
  username: 'bob',
  hostname: 'desk',
});
const isWrong = (error: unknown): boolean => isFault(error, 'wrong-password');

describe('S4: keys', () => {
  test('a key that is added opens the same repository, and the one in use still does', async () => {
    const { repository, run, open, done } = await place();
    run.advance(1000);
    const id = await addKey(repository, newKey('second'), run);
    assert.deepEqual(done, ['save lock', 'save key', 'remove lock']);
    const other = await open('second');
    assert.deepEqual([other.keyId, other.id], [id, repository.id]);
    assert.equal((await open(testPassword)).keyId, repository.keyId);
    const keys = await listKeys(other, run);
    assert.deepEqual(
      keys.map(({ current, username }) => [current, username]),
      [
        [false, 'alice'],
        [true, 'bob'],
      ],
    );
  });

  test('a password is changed by adding the new key before the old one goes', async () => {
    const { repository, run, open, done } = await place();
    await changePassword(repository, newKey('second'), run);
    assert.deepEqual(done, ['save lock', 'save key', 'remove key', 'remove lock']);
    await assert.rejects(open(testPassword), isWrong);
    await open('second');
  });

  test('the key in use is never removed, another one is; what is not a key is refused', async () => {
    const { repository, run, open } = await place();
    const id = await addKey(repository, newKey('second'), run);
    const isUsage = (error: unknown): boolean => isFault(error, 'usage');
    await assert.rejects(removeKey(repository, repository.keyId.slice(0, 10), run), isUsage);
    await assert.rejects(removeKey(repository, 'zz', run), isUsage);
    await assert.rejects(removeKey(repository, '', run), isUsage);
    assert.equal(await removeKey(repository, id.slice(0, 12).toUpperCase(), run), id);
    await assert.rejects(open('second'), isWrong);
    await open(testPassword);
  });

  test('a key that does not read back is taken away, and the old one stays', async () => {
    const spoilt = await place((memory, done) => ({
      load: async (handle, range, run) => {
        const bytes = await memory.load(handle, range, run);
        // A storage that returns another key's bytes once a key was written.
        if (handle.kind !== 'key' || !done.includes('save key')) return bytes;
        const text = Buffer.from(bytes)
          .toString()
          .replace(/"data":"..../, '"data":"AAAA');
        return Uint8Array.from(Buffer.from(text));
      },
    }));
    const { repository, run, done } = spoilt;
    await assert.rejects(changePassword(repository, newKey('second'), run), Fault);
    assert.deepEqual(done, ['save lock', 'save key', 'remove key', 'remove lock']);
    assert.deepEqual(await listNames(repository.session.backend, 'key', run), [repository.keyId]);
  });
});
