import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isFault } from '../../../model/fault.ts';
import { formatSnapshot, parseSnapshot } from './snapshot-format.ts';

const id = 'cd'.repeat(32);
const other = 'ab'.repeat(32);
const json = (value: string): Uint8Array => new TextEncoder().encode(value);
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

const summary =
  '"summary":{"backup_start":"2026-11-21T06:37:38.940472548Z","backup_end":"2026-11-21T15:37:40.3+09:00","files_new":1,' +
  '"files_changed":2,"files_unmodified":3,"dirs_new":4,"dirs_changed":5,"dirs_unmodified":6,"data_blobs":7,' +
  '"tree_blobs":8,"data_added":9,"data_added_packed":10,"total_files_processed":11,"total_bytes_processed":12}';

const whole =
  `{"time":"2026-11-21T06:37:38.940472548-05:00","parent":"${other}","tree":"${id}","paths":["/mail/a\\u003cb","/é"],` +
  `"hostname":"vm","username":"root","uid":1000,"gid":100,"excludes":["*.tmp"],"tags":["nightly","x"],` +
  `"original":"${other}","program_version":"restic 0.19.1",${summary},"label":{"a":[1]}}`;

const small = `{"time":"2026-11-21T06:37:38Z","tree":"${id}","paths":["/mail"]}`;

test('S1: a snapshot comes back byte for byte', () => {
  for (const file of [whole, small]) assert.equal(text(formatSnapshot(parseSnapshot(id, json(file)))), file);
});

test('S1: what a snapshot says is read', () => {
  const snapshot = parseSnapshot(id, json(whole));
  assert.equal(snapshot.originalId, other);
  assert.equal(snapshot.parent, other);
  assert.deepEqual(snapshot.time, { nanoseconds: 1_795_261_058_940_472_548n, offsetMinutes: -300 });
  assert.deepEqual(snapshot.tags, ['nightly', 'x']);
  assert.equal(snapshot.paths[0], '/mail/a<b');
  assert.equal(snapshot.summary?.totalBytesProcessed, 12);
  assert.equal(snapshot.unknownFields, '"label":{"a":[1]}');
  assert.equal(parseSnapshot(id, json(small)).originalId, id);
});

test('S1: a snapshot that replaces another names the first one', () => {
  const first = parseSnapshot(id, json(small));
  const replaced = parseSnapshot(other, formatSnapshot({ ...first, id: '', tags: ['kept'] }));
  assert.equal(replaced.originalId, id);
});

test('S3: a damaged snapshot is a Fault', () => {
  const damaged = [
    '',
    '{}',
    '[]',
    `${small}{}`,
    small.replace('"tree"', '"tee"'),
    small.replace('"time"', '"tame"'),
    small.replace('06:37:38Z', '06:37:99Z'),
    small.replace('["/mail"]', '"/mail"'),
    small.replace('["/mail"]', '["/mail",3]'),
    small.replace('cd', 'xx'),
    small.replace('}', ',"uid":-1}'),
    small.replace('}', ',"uid":4294967296}'),
    small.replace('}', ',"summary":{}}'),
    small.replace('}', `,"x":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`),
  ];
  for (const file of damaged) {
    assert.throws(
      () => parseSnapshot(id, json(file)),
      (thrown) => isFault(thrown, 'snapshot-damaged'),
      file.slice(0, 100),
    );
  }
});

test('S3: a mutated snapshot gives a snapshot or a Fault, never anything else', () => {
  const mutation = fc.tuple(fc.nat(), fc.nat(2), fc.constantFrom(...'{}[]",:\\0e-.nx\x00\xff'.split('')));
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      const characters = Buffer.from(whole).toString('latin1').split('');
      for (const [at, remove, character] of mutations) {
        characters.splice(at % characters.length, remove, ...(remove === 2 ? [] : [character]));
      }
      try {
        formatSnapshot(parseSnapshot(id, Buffer.from(characters.join(''), 'latin1')));
      } catch (thrown) {
        assert.ok(isFault(thrown, 'snapshot-damaged'), String(thrown));
      }
    }),
    { numRuns: 1000 },
  );
});
