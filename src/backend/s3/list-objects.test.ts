import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restOfPacks } from './list-objects.ts';

const key = (name: string): string => `mail/data/${name.slice(0, 2)}/${name}`;

test('the rest of a long listing of packs falls into parts that leave nothing out and overlap nowhere', () => {
  const last = key('0a5'.padEnd(64, '0'));
  const parts = restOfPacks('mail/data/', last) ?? [];
  for (const name of ['0a4', '0a6', '0b1', '1ff', '7a0', 'fff'].map((start) => start.padEnd(64, '0'))) {
    const found = parts.filter(({ prefix, after }) => {
      const isBehind = after === undefined || key(name) > after;
      return key(name).startsWith(prefix) && isBehind;
    });
    assert.equal(found.length, key(name) > last ? 1 : 0, name);
  }
});

test('a listing that is over soon, or whose keys are strange, is not divided', () => {
  assert.equal(restOfPacks('mail/data/', key('40'.padEnd(64, '0'))), undefined);
  assert.equal(restOfPacks('mail/data/', 'mail/data/README'), undefined);
  assert.equal(restOfPacks('data/', 'elsewhere/00/0'), undefined);
});
