import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestRun } from '../../src/contract/test-run.ts';
import { openLocalBackend } from '../../src/backend/local.ts';
import { type LockInfo, sealLock } from '../../src/store/restic/lock/lock-file.ts';
import { openRepository } from '../../src/store/restic/open-repository.ts';
import type { Repository } from '../../src/store/restic/repository.ts';
import { trustOf } from '../../src/store/restic/repository-fixture.ts';
import { processIdentity } from '../../src/system/identity.ts';

/** Opens a repository as it lies on disk, to change in it what the program itself never would. */
const withSession = async (
  folder: string,
  passwordFile: string,
  work: (session: Repository['session']) => Promise<void>,
): Promise<void> => {
  const repository = await openRepository(
    openLocalBackend(folder),
    {
      password: readFileSync(passwordFile, 'utf8').trim(),
      identity: processIdentity(),
      compression: 'auto',
      packSize: 16 * 1_048_576,
      threads: 1,
      mailAware: true,
      lockWait: 0,
      noLock: true,
      evidence: trustOf(1),
      programVersion: 'test',
    },
    createTestRun(),
  );
  try {
    await work(repository.session);
  } finally {
    await repository.close();
  }
};

/** Puts a lock into it, as another program would. Returns nothing: `locks` has one file more. */
export const addLock = (
  folder: string,
  passwordFile: string,
  lock: Pick<LockInfo, 'exclusive' | 'hostname' | 'pid' | 'time'>,
): Promise<void> =>
  withSession(folder, passwordFile, async ({ backend, envelope }) => {
    const { name, bytes } = sealLock({ username: 'someone', uid: 0, gid: 0, ...lock }, envelope);
    await backend.save({ kind: 'lock', name }, [bytes], createTestRun());
  });

/** Gives it the version of a format that does not exist yet. */
export const setVersion = (folder: string, passwordFile: string, version: number): Promise<void> =>
  withSession(folder, passwordFile, async ({ envelope }) => {
    const file = join(folder, 'config');
    const plain = envelope.open(readFileSync(file));
    if (plain === undefined) throw new Error('the config cannot be opened');
    const text = Buffer.from(plain)
      .toString()
      .replace(/"version":\d+/, `"version":${version}`);
    chmodSync(file, 0o600);
    writeFileSync(file, envelope.seal(Buffer.from(text)));
  });
