import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkFault } from './network-fault.ts';

const failing = (code: string, hasAnswered: boolean) =>
  networkFault(Object.assign(new Error(code), { code }), { host: 'nas:8000', hasAnswered });

test('S2: a wrong address is told at once, with what to check; once it has answered it is waited for', () => {
  for (const code of ['ENOTFOUND', 'EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER']) {
    const first = failing(code, false);
    assert.equal(first?.retry, false, code);
    assert.match(first?.hint ?? '', /location/);
    assert.equal(failing(code, true)?.retry, true, code);
  }
});

test('S2: a server that is down at the start is waited for, but not for as long as one that has answered', () => {
  for (const code of ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH']) {
    const refused = code === 'ECONNREFUSED' ? { refused: true } : {};
    assert.deepEqual(failing(code, false)?.context, { host: 'nas:8000', code, unmet: true, ...refused });
    assert.equal(failing(code, false)?.retry, true);
    assert.deepEqual(failing(code, true)?.context, { host: 'nas:8000', code });
  }
});

test('S2: a certificate that cannot be trusted is never tried again', () => {
  assert.equal(failing('DEPTH_ZERO_SELF_SIGNED_CERT', true)?.code, 'certificate-untrusted');
  assert.equal(failing('DEPTH_ZERO_SELF_SIGNED_CERT', true)?.retry, false);
});

test('the fault is found behind the addresses that were tried, and inside what a library threw', () => {
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const peer = { host: 'nas', hasAnswered: true };
  assert.equal(networkFault(new AggregateError([refused]), peer)?.code, 'backend-unavailable');
  assert.equal(networkFault(new Error('wrapped', { cause: refused }), peer)?.code, 'backend-unavailable');
  assert.equal(networkFault(new Error('of something else'), peer), undefined);
});
