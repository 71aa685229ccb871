import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { byteStringOfLatin1 } from '../model/byte-string.ts';
import { identityOf, splitMaildirName } from './maildir-name.ts';

const split = (name: string) => splitMaildirName(byteStringOfLatin1(name));

describe('names of messages in a Maildir', () => {
  test('identity, sizes and flags are told apart', () => {
    assert.deepEqual(split('1700000000.M1P2.mail.example,S=4096,W=4200:2,RSa'), {
      identity: '1700000000.M1P2.mail.example,S=4096,W=4200',
      unique: '1700000000.M1P2.mail.example',
      size: 4096,
      virtualSize: 4200,
      flags: 'RSa',
    });
  });

  test('a new message has no info', () => {
    const { identity, flags, size } = split('1700000000.V1I2.host');
    assert.deepEqual(
      { identity, flags, size },
      { identity: '1700000000.V1I2.host', flags: undefined, size: undefined },
    );
  });

  test('seen by nobody is not the same as without info', () => {
    assert.equal(split('u:2,').flags, '');
    assert.equal(split('u:1,x').flags, undefined);
    assert.equal(split('u:1,x').identity, 'u');
  });

  test('other separators stand for the colon only before 2,', () => {
    assert.deepEqual([split('u;2,S').identity, split('u;2,S').flags], ['u', 'S']);
    assert.deepEqual([split('u!2,S').identity, split('u!2,S').flags], ['u', 'S']);
    assert.equal(split('a!b;c').identity, 'a!b;c');
  });

  test('a size that is no number is none', () => {
    assert.equal(split('u,S=12x').size, undefined);
    assert.equal(split('u,S=').size, undefined);
    assert.equal(split('u,S=12345678901234567890').size, undefined);
  });

  test('whatever the flags, the identity is the same', () => {
    const identities = fc.stringMatching(/^[0-9A-Za-z._,=-]{1,40}$/);
    const flags = fc.stringMatching(/^[A-Za-z]{0,8}$/);
    fc.assert(
      fc.property(identities, flags, fc.constantFrom(':', ';', '!'), (identity, letters, separator) => {
        const name = split(`${identity}${separator}2,${letters}`);
        assert.deepEqual([name.identity, name.flags], [identity, letters]);
        assert.equal(identityOf(byteStringOfLatin1(identity)), identity);
      }),
    );
  });
});
