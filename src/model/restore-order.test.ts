import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restoreOrder } from './restore-order.ts';

const stored = [
  { name: 'mysql', form: 'dump' },
  { name: 'mail', form: 'tree' },
  { name: 'logs', form: 'tree' },
  { name: 'dkim', form: 'archive' },
  { name: 'ssl', form: 'archive' },
  { name: 'config', form: 'archive' },
  { name: 'postgres', form: 'dump' },
  { name: 'web', form: 'tree' },
] as const;

const namesOf = (...wanted: readonly string[]): readonly string[] =>
  restoreOrder(stored, wanted).map(({ name }) => name);

test('B11: all components come back in the order of design 9.2: config, mail, ssl, dkim, others, databases', () => {
  assert.deepEqual(namesOf('all'), ['config', 'mail', 'ssl', 'dkim', 'logs', 'web', 'mysql', 'postgres']);
});

test('B11: some of them too, however they are asked for, each once', () => {
  assert.deepEqual(namesOf('mysql,dkim', ' config '), ['config', 'dkim', 'mysql']);
  assert.deepEqual(namesOf('mail', 'mail'), ['mail']);
});

test('B11: one that is not in the backup is told with those that are', () => {
  assert.throws(() => namesOf('mail,scripts'), {
    code: 'usage',
    message: 'the backup has no component “scripts”',
    hint: /It has: mysql, mail, logs/,
  });
  assert.throws(() => namesOf(''), { code: 'usage' });
});
