import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureBody, mostPingBytes } from './ping-body.ts';

test('B5: what a monitor gets of a failure is the report and the end of the log, and no more than it keeps', () => {
  assert.equal(failureBody('FAILED: x\n', []), 'FAILED: x');
  assert.equal(failureBody('FAILED: x\n', ['one', 'two']), 'FAILED: x\n\nTHE END OF THE LOG\none\ntwo\n');
  const log = Array.from({ length: 2000 }, (_, number) => `${number} ${'長'.repeat(50)}`);
  for (const report of ['FAILED', '長'.repeat(50_000)]) {
    const body = failureBody(report, log);
    assert.ok(Buffer.byteLength(body) <= mostPingBytes, `${Buffer.byteLength(body)}`);
    assert.ok(body.endsWith(`${log.at(-1)}\n`) && body.startsWith(report.slice(0, 6)));
  }
});
