import { createMemoryBackend } from '../../backend/memory.ts';
import { storeSuite } from '../../contract/store.suite.ts';
import { createRepositoryFixture } from './repository-fixture.ts';

storeSuite('a repository in memory', () => {
  const backend = createMemoryBackend();
  return createRepositoryFixture(() => ({ ...backend, close: async () => {} }));
});
