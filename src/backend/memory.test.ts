import { backendSuite } from '../contract/backend.suite.ts';
import { createMemoryBackend } from './memory.ts';

const made = (options?: Parameters<typeof createMemoryBackend>[0]) => async () => ({
  backend: createMemoryBackend(options),
  cleanup: async () => {},
});

backendSuite('memory', made());
backendSuite('memory in small pages', made({ pageSize: 7 }));
backendSuite('immutable memory', made({ immutable: true }));
