import { describe, test } from 'node:test';
import { testCarrying } from './store-carrying.suite.ts';
import { testDelivering, testRelocating } from './store-delivering.suite.ts';
import { testReports, testSameness } from './store-sameness.suite.ts';
import { type StoreFixture, StoreSession } from './store-fixture.ts';
import { testReading } from './store-read.suite.ts';
import { testFailing, testGuarding, testWriting, type Trying } from './store-write.suite.ts';

/** What every store keeps. `make` gives a new, empty place for each test. */
export const storeSuite = (name: string, make: () => Promise<StoreFixture>): void => {
  const trying: Trying = (what, work) => {
    test(what, async () => {
      const fixture = await make();
      const store = await fixture.open();
      try {
        await work(new StoreSession(fixture, store));
      } finally {
        await store.close();
        await fixture.close();
      }
    });
  };
  // Locks have to settle before they count: the tests wait together.
  describe(`the store contract: ${name}`, { concurrency: 6 }, () => {
    testWriting(trying);
    testFailing(trying);
    testGuarding(trying);
    testSameness(trying);
    testReports(trying);
    testCarrying(trying);
    testDelivering(trying);
    testRelocating(trying);
    testReading(trying);
  });
};
