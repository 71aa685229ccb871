import { describe, test } from 'node:test';
import { testCancelling } from './backend-cancelling.suite.ts';
import type { BackendUnderTest, OnBackend } from './backend-fixture.ts';
import { type ListingOptions, testListing } from './backend-listing.suite.ts';
import { testReading } from './backend-reading.suite.ts';
import { testSaving } from './backend-saving.suite.ts';
import { createTestRun } from './test-run.ts';

export interface BackendSuiteOptions extends ListingOptions {
  /** Bytes of the large object. Default 20 MB. */
  readonly largeBytes?: number;
}

/** Every guarantee of the contract `Backend`, tried. `makeBackend` gives an empty storage each time; `create` is not yet called. */
export const backendSuite = (
  name: string,
  makeBackend: () => Promise<BackendUnderTest>,
  options: BackendSuiteOptions = {},
): void => {
  const on: OnBackend = (what, body) => {
    test(what, async (context) => {
      const made = await makeBackend();
      try {
        await made.backend.create(createTestRun());
        const skipped = await body(made.backend, createTestRun(), made);
        if (skipped !== undefined) context.diagnostic(skipped);
      } finally {
        await made.backend.close();
        await made.cleanup();
      }
    });
  };

  describe(`the backend contract: ${name}`, { concurrency: 1 }, () => {
    testSaving(on);
    testReading(on, options.largeBytes ?? 20_000_000);
    testListing(on, options);
    testCancelling(on);
  });
};
