import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { isFault } from '../../../model/fault.ts';
import { createEnvelope, type Envelope, generateMasterKey, type MasterKey } from './envelope.ts';
import { parseJsonRecord } from '../format/json-record.ts';
import { createKeyFile, keyDescription, openKeyFile } from './key.ts';
import { loadPoly1305 } from './poly1305.ts';

const poly1305 = await loadPoly1305();
const envelopeOf = (key: MasterKey): Envelope => createEnvelope(key, poly1305);
const isDamage = (error: unknown): boolean => isFault(error, 'key-damaged');
const created = { nanoseconds: 1_800_000_000_123_456_789n, offsetMinutes: 540 };
const options = { created, username: 'alice', hostname: 'mail1', cost: 'generated-password' } as const;
const master = generateMasterKey();
const file = await createKeyFile('pässwörd', master, options, envelopeOf);
const fields = parseJsonRecord(file) ?? {};

/** The key file with some fields changed; undefined takes one away. */
const changed = (changes: Readonly<Record<string, unknown>>): Uint8Array =>
  Uint8Array.from(Buffer.from(JSON.stringify({ ...fields, ...changes })));

describe('key file', () => {
  test('S1: it has the fields of restic in its order', () => {
    assert.deepEqual(Object.keys(fields), ['created', 'username', 'hostname', 'kdf', 'N', 'r', 'p', 'salt', 'data']);
    const { created: when, kdf, N, r, p } = fields;
    assert.deepEqual(
      { when, kdf, N, r, p },
      { when: '2027-01-15T17:00:00.123456789+09:00', kdf: 'scrypt', N: 16_384, r: 8, p: 1 },
    );
    assert.equal(Buffer.from(String(fields['salt']), 'base64').length, 64);
    assert.deepEqual(keyDescription(file), { created, username: 'alice', hostname: 'mail1' });
  });

  test('it opens with its password and no other, and holds no part of the master key in the clear', async () => {
    assert.deepEqual(await openKeyFile(file, 'pässwörd', poly1305), master);
    for (const wrong of ['', 'passwort', 'pässwörd ', 'p\u0061\u0308sswörd']) {
      assert.equal(await openKeyFile(file, wrong, poly1305), undefined, wrong);
    }
    const text = Buffer.from(file).toString('latin1');
    for (const part of Object.values(master))
      assert.ok(!text.includes(Buffer.from(part).toString('base64').slice(0, 16)));
  });

  test('a chosen password costs what restic asks', async () => {
    const dear = await createKeyFile('geheim', master, { ...options, cost: 'standard' }, envelopeOf);
    assert.match(Buffer.from(dear).toString(), /"N":32768,"r":8,"p":5,/);
    assert.deepEqual(await openKeyFile(dear, 'geheim', poly1305), master);
  });

  test('S5: a malformed key file is the Fault key-damaged, also when it asks for absurd memory or time', async () => {
    const bad = [
      Buffer.from(''),
      Buffer.from('[]'),
      Buffer.from('{}'),
      file.subarray(0, file.length - 1),
      changed({ kdf: 'argon2id' }),
      changed({ salt: 'AAAA' }),
      changed({ salt: '???' }),
      changed({ salt: undefined }),
      changed({ data: 'AAAA' }),
      changed({ data: 7 }),
      ...[0, 1, -2, 3, 1.5, '16384', 2 ** 31, 2 ** 52, null].map((N) => changed({ N })),
      ...[0, -1, 1.5, 2 ** 20].map((r) => changed({ r })),
      ...[0, -1, 1.5, 2 ** 20].map((p) => changed({ p })),
      changed({ N: 2, r: 1, p: 2 ** 29 }),
    ];
    for (const json of bad) {
      await assert.rejects(openKeyFile(json, 'pässwörd', poly1305), isDamage, Buffer.from(json).toString());
    }
  });

  test('S5: a sealed master key that is no key, short or all zeros is damaged', async () => {
    const cheap = { N: 2, r: 1, p: 1 };
    const salt = Buffer.alloc(64, 7);
    const derived = scryptSync('x', salt, 64, cheap);
    const key = { encrypt: derived.subarray(0, 32), macK: derived.subarray(32, 48), macR: derived.subarray(48) };
    const sealed = (inner: string): Uint8Array =>
      changed({
        ...cheap,
        salt: salt.toString('base64'),
        data: Buffer.from(envelopeOf(key).seal(Buffer.from(inner))).toString('base64'),
      });
    const base64 = (length: number, byte = 1): string => Buffer.alloc(length, byte).toString('base64');
    const inner = (encrypt: string, k: string, r: string): string => JSON.stringify({ mac: { k, r }, encrypt });
    const good = await openKeyFile(sealed(inner(base64(32), base64(16), base64(16))), 'x', poly1305);
    assert.deepEqual(good?.encrypt, new Uint8Array(32).fill(1));
    const bad = [
      'x',
      '{}',
      '{"mac":7}',
      inner(base64(31), base64(16), base64(16)),
      inner(base64(32), base64(17), base64(16)),
      inner(base64(32), base64(16), '!'),
      inner(base64(32, 0), base64(16), base64(16)),
      inner(base64(32), base64(16, 0), base64(16)),
    ];
    for (const text of bad) await assert.rejects(openKeyFile(sealed(text), 'x', poly1305), isDamage, text);
  });

  test('S5: mutated and random bytes give a description or the Fault key-damaged', () => {
    const byte = fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...Buffer.from('{}[],:"\\ 09')));
    fc.assert(
      fc.property(fc.nat({ max: file.length - 1 }), byte, fc.uint8Array(), (at, value, noise) => {
        for (const bytes of [Uint8Array.from(file, (old, index) => (index === at ? value : old)), noise]) {
          try {
            keyDescription(bytes);
          } catch (error) {
            assert.ok(isDamage(error), String(error));
          }
        }
      }),
    );
  });
});
