import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestRun } from '../../../contract/test-run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { MirrorProgress } from './mirror-progress.ts';

test('a mirror counts messages over all folders, against what the server has told so far', () => {
  const run = createTestRun();
  const counts: number[] = [];
  const progress = new MirrorProgress(() => counts, run);
  const [inbox, sent] = [byteStringOfText('INBOX'), byteStringOfText('Sent')];
  progress.add(inbox, 2, 10);
  counts.push(5, 3);
  progress.add(inbox, 3, 20);
  progress.add(sent, 0);
  progress.add(sent, 4);
  assert.deepEqual(run.events, [
    { kind: 'progress', files: 2, bytes: 10, current: inbox },
    { kind: 'progress', files: 5, bytes: 30, totalFiles: 8, current: inbox },
    { kind: 'progress', files: 9, bytes: 30, totalFiles: 9, current: sent },
  ]);
});
