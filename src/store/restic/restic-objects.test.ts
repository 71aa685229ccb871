import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { createDecompressor } from './sealing/compression.ts';
import { parseConfig } from './format/config.ts';
import { createEnvelope, type Envelope, type MasterKey } from './sealing/envelope.ts';
import { decodeIndex, encodeIndex } from './format/index-format.ts';
import { keyDescription, openKeyFile } from './sealing/key.ts';
import { parseLock } from './lock/lock-file.ts';
import { decodePackHeader, encodePackHeader, type PackedBlob, readPackHeader } from './format/pack-format.ts';
import { loadPoly1305 } from './sealing/poly1305.ts';
import { createBlobSealer } from './sealing/blob-sealer.ts';
import { decodeUnpacked } from './format/unpacked.ts';

/* Reads single files that real restic wrote; see test/fixture/restic-objects/README.md. */

const poly1305 = await loadPoly1305();

const expected = {
  1: {
    config: { id: '76772da2eb51454a1286eb6c383fdb4be641d34ad42aa1b3b186fb7841ccc4d8', polynomial: '249971770ab0ff' },
    key: { username: 'fd0', hostname: 'kasimir' },
  },
  2: {
    config: { id: 'da8048b524f1ca6a1ba090a1756860f61f36adf2dadb7097f1125b8375d0ef1d', polynomial: '3d2c5d9843da5b' },
    key: { username: 'root', hostname: 'mail1' },
  },
};

const folder = (version: 1 | 2): URL =>
  new URL(`../../../test/fixture/restic-objects/version-${version}/`, import.meta.url);

/** The files of a kind, by name; each must be the SHA-256 of its bytes. */
const objects = async (version: 1 | 2, kind: string): Promise<Map<string, Uint8Array>> => {
  const files = new Map<string, Uint8Array>();
  for (const name of await readdir(new URL(kind, folder(version)))) {
    const bytes = Uint8Array.from(await readFile(new URL(`${kind}/${name}`, folder(version))));
    assert.equal(hash('sha256', bytes, 'hex'), name);
    files.set(name, bytes);
  }
  assert.ok(files.size > 0);
  return files;
};

/** scrypt takes most of the time of these tests: once for each. */
const openKey = async (version: 1 | 2): Promise<{ master: MasterKey; envelope: Envelope }> => {
  const [key = new Uint8Array(0)] = (await objects(version, 'keys')).values();
  const master = await openKeyFile(key, 'geheim', poly1305);
  assert.ok(master !== undefined);
  return { master, envelope: createEnvelope(master, poly1305) };
};

const keys = { 1: openKey(1), 2: openKey(2) };

const opened = (envelope: Envelope, sealed: Uint8Array): Uint8Array => {
  const plain = envelope.open(sealed);
  assert.ok(plain !== undefined);
  return plain;
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

for (const version of [1, 2] as const) {
  describe(`objects of restic, version ${version}`, () => {
    test('S1: the key opens with its password and no other, and says whose it is', async () => {
      const [key = new Uint8Array(0)] = (await objects(version, 'keys')).values();
      assert.equal((await keys[version]).master.encrypt.length, 32);
      assert.equal(await openKeyFile(key, 'Geheim', poly1305), undefined);
      const { username, hostname } = keyDescription(key);
      assert.deepEqual({ username, hostname }, expected[version].key);
    });

    test('S1: the config', async () => {
      const { envelope } = await keys[version];
      const sealed = Uint8Array.from(await readFile(new URL('config', folder(version))));
      const config = parseConfig(opened(envelope, sealed));
      assert.equal(config.version, version);
      assert.equal(config.id, expected[version].config.id);
      assert.equal(config.chunkerPolynomial.toString(16), expected[version].config.polynomial);
    });

    test('S1: indexes and packs agree, every blob opens and has its id', async () => {
      const { master, envelope } = await keys[version];
      const indexed = new Map<string, string[]>();
      for (const sealed of (await objects(version, 'index')).values()) {
        const json = decodeUnpacked(opened(envelope, sealed));
        let blobs: string[] = [];
        decodeIndex(
          json,
          (pack) => indexed.set(hex(pack), (blobs = [])),
          ({ id, type, offset, length, uncompressedLength }) =>
            blobs.push([hex(id), type, offset, length, uncompressedLength].join(' ')),
        );
      }
      const sealer = createBlobSealer(master, poly1305);
      const decompressor = createDecompressor();
      for (const [name, pack] of await objects(version, 'data')) {
        const load = async ({ start, length }: { start: number; length: number }): Promise<Uint8Array> =>
          pack.slice(start, start + length);
        const blobs = await readPackHeader(load, pack.length, envelope);
        const listed = blobs.map((blob) =>
          [hex(blob.id), blob.type, blob.offset, blob.length, blob.uncompressedLength ?? 0].join(' '),
        );
        assert.deepEqual(listed.toSorted(), indexed.get(name)?.toSorted());
        assert.deepEqual(decodePackHeader(encodePackHeader(blobs)), blobs);
        for (const { id, offset, length, uncompressedLength } of blobs) {
          const content = sealer.open(pack.subarray(offset, offset + length)) ?? new Uint8Array(0);
          const plain =
            uncompressedLength === undefined ? content : decompressor.decompress(content, uncompressedLength);
          assert.equal(hash('sha256', plain ?? new Uint8Array(0), 'hex'), hex(id));
        }
      }
    });

    test('S1: an index written from what was read is byte for byte that of restic', async () => {
      const { envelope } = await keys[version];
      for (const sealed of (await objects(version, 'index')).values()) {
        const json = decodeUnpacked(opened(envelope, sealed));
        const packs: { id: string; blobs: PackedBlob[] }[] = [];
        const { supersedes } = decodeIndex(
          json,
          (id) => packs.push({ id: hex(id), blobs: [] }),
          (blob) => packs.at(-1)?.blobs.push({ ...blob, id: Uint8Array.from(blob.id) }),
        );
        assert.equal(supersedes.length, version === 1 ? 2 : 0);
        // Early versions named the indexes that this one stands for; nobody reads that any more.
        const superseded = version === 1 ? `"supersedes":${JSON.stringify(supersedes)},` : '';
        const written = Buffer.from(encodeIndex(packs)).toString().replace('{', `{${superseded}`);
        assert.equal(written, Buffer.from(json).toString());
      }
    });

    test('S1: snapshots decode to JSON', async () => {
      const { envelope } = await keys[version];
      for (const sealed of (await objects(version, 'snapshots')).values()) {
        assert.match(Buffer.from(decodeUnpacked(opened(envelope, sealed))).toString(), /^\{"time":".*"tree":".*\}\n?$/);
      }
    });
  });
}

test('S1: a lock that restic wrote is read', async () => {
  const { envelope } = await keys[2];
  const [sealed = new Uint8Array(0)] = (await objects(2, 'locks')).values();
  assert.deepEqual(parseLock(decodeUnpacked(opened(envelope, sealed))), {
    time: { nanoseconds: 1_795_244_009_061_818_659n, offsetMinutes: 0 },
    exclusive: false,
    hostname: 'mail1',
    username: 'root',
    pid: 28_108,
  });
});
