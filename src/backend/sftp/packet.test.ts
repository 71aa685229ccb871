import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isFault } from '../../model/fault.ts';
import { createPacketParser, encodePacket, type SftpPacket } from './packet.ts';

const attributes = [1 | 4 | 8, 5n, 0o100600, 1, 2];
const packets = [
  encodePacket(2, [3, 'fsync@openssh.com', '1', 'limits@openssh.com', '1']),
  encodePacket(101, [7, 0, 'Success', '']),
  encodePacket(102, [8, new Uint8Array([1, 2, 3])]),
  encodePacket(103, [9, new Uint8Array(1000).fill(7)]),
  encodePacket(104, [10, 1, 'a\u00e9', '-rw------- a', ...attributes]),
  encodePacket(105, [11, ...attributes]),
  encodePacket(105, [12, 0]),
];
const stream = Buffer.concat(packets);

const parse = (chunks: readonly Buffer[]): SftpPacket[] => {
  const parser = createPacketParser();
  return chunks.flatMap((chunk) => structuredClone([...parser(chunk)]));
};

describe('SFTP packets', () => {
  test('what servers answer is understood', () => {
    const [version, status, handle, data, entries, found, none] = parse([stream]);
    assert.ok(version?.kind === 'version' && version.version === 3 && version.extensions.has('fsync@openssh.com'));
    assert.deepEqual(status, { kind: 'reply', id: 7, reply: { kind: 'status', status: 0, message: 'Success' } });
    assert.ok(handle?.kind === 'reply' && handle.reply.kind === 'handle');
    assert.ok(data?.kind === 'reply' && data.reply.kind === 'data' && data.reply.bytes.length === 1000);
    const file = { size: 5, mode: 0o100600, mtime: 2 };
    assert.ok(entries?.kind === 'reply');
    assert.deepEqual(entries.reply, { kind: 'entries', entries: [{ name: 'a\u00e9', attributes: file }] });
    assert.ok(found?.kind === 'reply' && found.reply.kind === 'attributes');
    assert.deepEqual(found.reply.attributes, file);
    assert.ok(none?.kind === 'reply' && none.reply.kind === 'attributes' && none.reply.attributes.size === undefined);
  });

  test('however the stream is cut, the packets are the same', () => {
    const whole = parse([stream]);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (cuts) => {
        const at = [0, ...cuts.toSorted((left, right) => left - right), stream.length];
        const chunks = at.slice(1).map((end, index) => stream.subarray(at[index], end));
        assert.deepEqual(parse(chunks), whole);
      }),
    );
  });

  test('what is no SFTP is told at once, with what it says', () => {
    for (const bytes of [
      Buffer.from('Welcome to nas! You have mail.\n'),
      Buffer.from([0, 0, 0, 1, 2]),
      encodePacket(77, [1, 2]),
      encodePacket(104, [1, 5, 'name']),
    ]) {
      assert.throws(
        () => parse([bytes]),
        (thrown) => isFault(thrown, 'backend-misbehaved'),
      );
    }
  });
});
