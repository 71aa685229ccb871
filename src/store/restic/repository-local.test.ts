import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalBackend } from '../../backend/local.ts';
import { storeSuite } from '../../contract/store.suite.ts';
import { createRepositoryFixture } from './repository-fixture.ts';

/** With a cache, so that what it remembers is tried too. */
storeSuite('a repository in a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-repository-'));
  return createRepositoryFixture(
    () => openLocalBackend(join(folder, 'repository')),
    () => rm(folder, { recursive: true, force: true }),
    { cacheDirectory: join(folder, 'cache') },
  );
});
