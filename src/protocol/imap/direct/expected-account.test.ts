import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpectedAccount } from './expected-account.ts';

test('a first capture expects what the server counts, and bytes by the mean of the folders that were listed', () => {
  const account = new ExpectedAccount();
  assert.equal(account.expected(), undefined);
  account.counted([1024, 3072]);
  // A list in each block of 1,024, mailbox.json in each folder, and three files of the account.
  assert.deepEqual(account.expected(), { files: 4096 + 4 + 2 + 3, bytes: undefined });
  account.listed(1024, 1_026_000);
  assert.deepEqual(account.expected(), { files: 4105, bytes: 4_105_000 });
});

test('a later one begins with what the base has, and adds new messages as they are listed', () => {
  const account = new ExpectedAccount({ files: 100, bytes: 100_000 });
  assert.deepEqual(account.expected(), { files: 100, bytes: 100_000 });
  account.counted([196]);
  assert.deepEqual(account.expected(), { files: 201, bytes: 201_000 });
  account.added(102_000);
  assert.deepEqual(account.expected(), { files: 201, bytes: 402_000 });
});
