import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { byteStringOfText } from '../model/byte-string.ts';
import { Fault } from '../model/fault.ts';
import { errnoCode, errnoFault } from './errno.ts';
import { nativePath, pathOf } from './native-path.ts';

const errorOf = async (failing: Promise<unknown>): Promise<unknown> => {
  try {
    await failing;
  } catch (error) {
    return error;
  }
  return assert.fail('it was expected to fail');
};

test('B8: what the system says becomes a Fault that names the path and keeps the cause', async () => {
  const error = await errorOf(readFile('/nowhere/メール'));
  const fault = errnoFault(error, 'read', byteStringOfText('/nowhere/メール'));
  assert.equal(fault.code, 'object-missing');
  assert.equal(fault.message, 'cannot read /nowhere/メール: it is not there');
  assert.equal(fault.cause, error);
  assert.deepEqual(fault.context, { path: '/nowhere/メール', errno: 'ENOENT' });
});

test('a caller says what an errno means where it stands', async () => {
  const error = await errorOf(readFile('/nowhere/x'));
  assert.equal(errnoFault(error, 'read', '/nowhere/x', { ENOENT: 'entry-vanished' }).code, 'entry-vanished');
});

test('real errors of the system keep their meaning', async () => {
  const cases: readonly (readonly [() => Promise<unknown>, string, string])[] = [
    [() => readFile('/etc/hosts/x'), 'ENOTDIR', 'io-failed'],
    [() => readFile('/etc'), 'EISDIR', 'io-failed'],
    [() => writeFile('/etc/hosts', '', { flag: 'wx' }), 'EEXIST', 'object-exists'],
    [() => readFile(`/${'x'.repeat(300)}`), 'ENAMETOOLONG', 'unsupported'],
  ];
  for (const [failing, errno, code] of cases) {
    const error = await errorOf(failing());
    assert.equal(errnoCode(error), errno);
    assert.equal(errnoFault(error, 'use', '/x').code, code, errno);
  }
});

test('errors that may pass are to be tried again, a full disk is not', () => {
  const of = (code: string): Fault => errnoFault(Object.assign(new Error(code), { code }), 'write', '/x');
  assert.deepEqual(
    ['ESTALE', 'ETIMEDOUT', 'EBUSY', 'EMFILE'].map((code) => of(code).retry),
    [true, true, true, true],
  );
  assert.deepEqual(
    ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EACCES', 'EPERM', 'EWHATEVER'].map((code) => [of(code).code, of(code).retry]),
    [
      ['disk-full', false],
      ['quota-exceeded', false],
      ['read-only', false],
      ['io-failed', false],
      ['permission-denied', false],
      ['permission-denied', false],
      ['io-failed', false],
    ],
  );
});

test('a Fault passes through, an abort is interrupted, and what is no system error is a defect', () => {
  const fault = new Fault('disk-full', 'full');
  assert.equal(errnoFault(fault, 'write', '/x'), fault);
  assert.equal(errnoFault(new DOMException('aborted', 'AbortError'), 'write', '/x').code, 'interrupted');
  assert.equal(errnoFault(new TypeError('no'), 'write', '/x').code, 'internal');
  assert.equal(errnoFault('thrown', 'write', '/x').code, 'internal');
});

test('text and bytes of a path lead to the same file', () => {
  const bytes = byteStringOfText('/tmp/ü/メール');
  assert.equal(pathOf('/tmp/ü/メール'), bytes);
  assert.equal(pathOf(bytes), bytes);
  assert.equal(pathOf('/tmp/ü'), byteStringOfText('/tmp/ü'));
  assert.equal(pathOf(byteStringOfText('/tmp/ü')), byteStringOfText('/tmp/ü'));
  assert.deepEqual(nativePath(bytes), Buffer.from('/tmp/ü/メール'));
  assert.equal(nativePath(byteStringOfText('/tmp/a')), '/tmp/a');
});
