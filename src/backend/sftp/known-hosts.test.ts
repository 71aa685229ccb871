import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { judgeHostKey, keyTypeOf, knownHostName, knownKeyTypes } from './known-hosts.ts';

const keyOf = (type: string): Buffer => {
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return Buffer.concat([field(Buffer.from(type)), field(randomBytes(32))]);
};
const own = keyOf('ssh-ed25519');
const other = keyOf('ssh-ed25519');
const line = (names: string, key = own): string => `${names} ${keyTypeOf(key)} ${key.toString('base64')} a comment`;
const hashed = (name: string): string => {
  const salt = randomBytes(20);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
};
const judge = (lines: readonly string[], names: readonly string[] = ['nas']) =>
  judgeHostKey([{ path: 'known', text: `${lines.join('\n')}\n` }], names, own);

describe('known_hosts', () => {
  test('a key is known by name, by pattern, in a list, and by a hashed name', () => {
    for (const names of ['nas', 'NAS', 'other,nas', 'n?s', '*', hashed('nas')]) {
      assert.deepEqual(judge([line(names)]), { kind: 'known' }, names);
    }
  });

  test('comments, empty lines, other names, negated patterns and broken lines make nothing known', () => {
    const none = [
      '',
      '# nas ssh-ed25519 AAAA',
      'nas',
      line('other'),
      line('n*,!nas'),
      line(hashed('other')),
      '|1|x nas a',
    ];
    assert.deepEqual(judge(none), { kind: 'unknown', authority: false });
  });

  test('another key under the name is a changed one, and where it stands is told', () => {
    assert.deepEqual(judge(['', line('nas', other)]), { kind: 'changed', at: 'known:2' });
    assert.equal(judge([line('nas', keyOf('ssh-rsa'))]).kind, 'changed');
    assert.equal(judge([line('nas', other), line('nas')]).kind, 'known');
  });

  test('a revoked key is refused whatever else is known', () => {
    assert.deepEqual(judge([line('nas'), line('@revoked *')]), { kind: 'revoked', at: 'known:2' });
    assert.equal(judge([line('nas'), line('@revoked *', other)]).kind, 'known');
  });

  test('a certificate authority does not make a plain key known', () => {
    assert.deepEqual(judge([line('@cert-authority *')]), { kind: 'unknown', authority: true });
  });

  test('on another port the name alone may make a server known, but not changed', () => {
    const names = [knownHostName('NAS', 2222), 'nas'];
    assert.deepEqual(names, ['[nas]:2222', 'nas']);
    assert.equal(judge([line('[nas]:2222')], names).kind, 'known');
    assert.equal(judge([line('nas')], names).kind, 'known');
    assert.equal(judge([line('nas', other)], names).kind, 'unknown');
  });

  test('the types of the known keys are told, so that the server shows one of them', () => {
    const text = [line('nas', keyOf('ssh-rsa')), line('@revoked nas'), line('x', keyOf('ecdsa-sha2-nistp256'))].join(
      '\n',
    );
    assert.deepEqual(knownKeyTypes([{ path: 'known', text }], ['nas']), ['ssh-rsa']);
  });
});
