import { hash } from 'node:crypto';
import type { StoreFixture } from '../../contract/store-fixture.ts';
import { storeSuite } from '../../contract/store.suite.ts';
import { createMemoryStorePlace } from './place.ts';
import { createMemoryStore } from './store.ts';

const makeFixture = async (): Promise<StoreFixture> => {
  const place = createMemoryStorePlace();
  return {
    open: async () => createMemoryStore(place),
    inventory: async () => [...place.snapshots.keys(), ...place.contents.keys()].sort(),
    harm: async (content, how) => {
      const key = hash('sha256', content, 'hex');
      if (how === 'lost') place.contents.delete(key);
      else place.contents.set(key, new Uint8Array(content.toReversed()));
    },
    close: async () => {},
  };
};

storeSuite('memory', makeFixture);
