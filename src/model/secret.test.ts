import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Secret } from './secret.ts';

test('A6, B13: a secret never shows itself, however it is printed', () => {
  const secret = new Secret('hunter2');
  const shown = [
    String(secret),
    secret.toString(),
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: [secret] }, { depth: 9, showHidden: true }),
    inspect(new Error('x', { cause: secret })),
    Object.values(secret).join(),
  ].join('\n');
  assert.doesNotMatch(shown, /hunter2/);
  assert.match(shown, /•••/);
  assert.equal(secret.reveal(), 'hunter2');
});
