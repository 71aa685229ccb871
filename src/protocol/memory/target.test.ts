import { targetSuite } from '../../contract/target.suite.ts';
import type { Overwrite, Target } from '../../contract/target.ts';
import { createMemoryTarget, createMemoryPlace } from './target.ts';

targetSuite('memory', async () => {
  const place = createMemoryPlace();
  return {
    open: (overwrite: Overwrite): Target => createMemoryTarget({ overwrite, place }),
    close: async () => {},
  };
});
