import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openLocalBackend } from '../../src/backend/local.ts';
import type { Backend } from '../../src/contract/backend.ts';
import type { Run } from '../../src/contract/run.ts';
import { isFault } from '../../src/model/fault.ts';
import { createCompressor } from '../../src/store/restic/sealing/compression.ts';
import { createConfig, formatConfig } from '../../src/store/restic/format/config.ts';
import {
  createEnvelope,
  type Envelope,
  generateMasterKey,
  type MasterKey,
} from '../../src/store/restic/sealing/envelope.ts';
import { encodeIndex } from '../../src/store/restic/format/index-format.ts';
import { createKeyFile } from '../../src/store/restic/sealing/key.ts';
import { acquireLock, type LockOptions, unlock } from '../../src/store/restic/lock/lock.ts';
import { type LockInfo, sealLock, zonedTime } from '../../src/store/restic/lock/lock-file.ts';
import { type BlobType, encodePackHeader, type PackedBlob } from '../../src/store/restic/format/pack-format.ts';
import { loadPoly1305 } from '../../src/store/restic/sealing/poly1305.ts';
import { createBlobSealer } from '../../src/store/restic/sealing/blob-sealer.ts';
import { encodeUnpacked } from '../../src/store/restic/format/unpacked.ts';
import { createRun } from '../../src/system/run.ts';
import { type CommandResult, runCommand } from '../requirement/command.ts';
import { resticBinary, type ResticVersion, resticVersions } from '../requirement/restic.ts';

/* A repository put together object by object, without the engine, so that a difference to restic shows where it arises. */

const poly1305 = await loadPoly1305();
const password = 'pässwörd <&> \u2028';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const sha256 = (content: Uint8Array): string => hash('sha256', content, 'hex');

interface Made {
  readonly folder: string;
  readonly backend: Backend;
  readonly master: MasterKey;
  readonly envelope: Envelope;
  readonly run: Run;
}

const makeRepository = async (context: TestContext): Promise<Made> => {
  const folder = await mkdtemp(join(tmpdir(), 'mailkeep-objects-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const run = createRun({ signal: new AbortController().signal });
  const backend = openLocalBackend(folder);
  await backend.create(run);
  const master = generateMasterKey();
  const envelopeOf = (key: MasterKey): Envelope => createEnvelope(key, poly1305);
  const envelope = envelopeOf(master);
  const about = {
    created: zonedTime(run.now()),
    username: 'a<b',
    hostname: 'hôst',
    cost: 'generated-password',
  } as const;
  const key = await createKeyFile(password, master, about, envelopeOf);
  await backend.save({ kind: 'key', name: sha256(key) }, [key], run);
  await backend.save({ kind: 'config', name: '' }, [envelope.seal(formatConfig(createConfig()))], run);
  return { folder, backend, master, envelope, run };
};

interface Content {
  readonly plain: Uint8Array;
  readonly compressed: boolean;
}

/** Stores a pack of one type; its name and blobs as an index lists them. */
const savePack = async (
  { backend, master, envelope, run }: Made,
  type: BlobType,
  contents: readonly Content[],
): Promise<{ id: string; blobs: PackedBlob[] }> => {
  const compressor = createCompressor('auto');
  const stored = contents.map(({ plain, compressed }) => (compressed ? compressor.compress(plain).slice() : plain));
  const sealed = new Uint8Array(stored.reduce((sum, content) => sum + content.length + 32, 0));
  const sealer = createBlobSealer(master, poly1305);
  let offset = 0;
  const blobs = contents.map(({ plain, compressed }, index): PackedBlob => {
    const content = stored[index] ?? plain;
    const length = content.length + 32;
    sealed.set(content, offset + 16);
    sealer.seal(sealed.subarray(offset, offset + length));
    const id = Uint8Array.from(hash('sha256', plain, 'buffer'));
    const blob = { type, id, offset, length, uncompressedLength: compressed ? plain.length : undefined };
    offset += length;
    return blob;
  });
  const header = envelope.seal(encodePackHeader(blobs));
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32LE(header.length);
  const pack = Buffer.concat([sealed, header, trailer]);
  await backend.save({ kind: 'pack', name: sha256(pack) }, [pack], run);
  return { id: sha256(pack), blobs };
};

const saveUnpacked = async (made: Made, kind: 'index' | 'snapshot', json: Uint8Array): Promise<void> => {
  const sealed = made.envelope.seal(encodeUnpacked(json, 2));
  await made.backend.save({ kind, name: sha256(sealed) }, [sealed], made.run);
};

const restic = async (version: ResticVersion, made: Made, ...args: string[]): Promise<CommandResult> => {
  const env = { PATH: '/usr/bin:/bin', RESTIC_REPOSITORY: made.folder, RESTIC_PASSWORD: password };
  return runCommand(await resticBinary(version), ['--no-cache', ...args], { env });
};

const succeeds = (result: CommandResult): string => {
  assert.equal(result.code, 0, `${result.stdout}\n${result.stderr}`);
  return result.stdout;
};

/** restic's file node for a message, with blobs in the order of `parts`. */
const fileNode = (name: string, parts: readonly Uint8Array[]): string => {
  const time = '"2026-11-21T06:00:00Z"';
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const content = parts.map((part) => `"${sha256(part)}"`).join(',');
  const times = `"mtime":${time},"atime":${time},"ctime":${time}`;
  return `{"name":"${name}","type":"file","mode":384,${times},"uid":0,"gid":0,"size":${size},"content":[${content}]}`;
};

test('S1: restic checks, reads and dumps blobs, packs, indexes, keys and config that we wrote', async (context) => {
  const made = await makeRepository(context);
  const head = bytes('Subject: one\r\n\r\n');
  const body = bytes('many words, many words, many words\r\n'.repeat(500));
  const noise = Uint8Array.from({ length: 70_001 }, (_, at) => (at * at * 7919) >>> 11);
  const data = await savePack(made, 'data', [
    { plain: head, compressed: false },
    { plain: body, compressed: true },
    { plain: noise, compressed: false },
  ]);
  const tree = bytes(`{"nodes":[${fileNode('a', [head, body])},${fileNode('b', [noise, body])}]}\n`);
  const trees = await savePack(made, 'tree', [{ plain: tree, compressed: true }]);
  await saveUnpacked(made, 'index', encodeIndex([data, trees]));
  const snapshot = `{"time":"2026-11-21T06:00:00Z","tree":"${sha256(tree)}","paths":["/mail"],"hostname":"mail1"}`;
  await saveUnpacked(made, 'snapshot', bytes(snapshot));

  for (const version of resticVersions) {
    succeeds(await restic(version, made, 'check', '--read-data'));
    assert.equal(succeeds(await restic(version, made, 'dump', 'latest', '/a')), Buffer.concat([head, body]).toString());
    assert.match(succeeds(await restic(version, made, 'key', 'list')), /a<b +hôst/);
    assert.match(succeeds(await restic(version, made, 'cat', 'config')), /"version": 2/);
    const env = { PATH: '/usr/bin:/bin', RESTIC_REPOSITORY: made.folder, RESTIC_PASSWORD: 'wrong' };
    const refused = await runCommand(await resticBinary(version), ['--no-cache', 'cat', 'config'], { env });
    assert.match(refused.stderr, /wrong password/);
  }
});

const lockOptions = (made: Made, exclusive: boolean): LockOptions => ({
  backend: made.backend,
  envelope: made.envelope,
  records: undefined,
  exclusive,
  identity: { hostname: hostname(), username: 'alice', pid: process.pid, uid: 1000, gid: 100 },
  run: made.run,
});

test('B8: restic keeps out while we hold the repository, reads our lock, and removes it when it is stale', async (context) => {
  // restic tries our process by sending it a SIGHUP.
  const ignore = (): void => {};
  process.on('SIGHUP', ignore);
  context.after(() => process.off('SIGHUP', ignore));
  const made = await makeRepository(context);
  for (const version of resticVersions) {
    const shared = await acquireLock(lockOptions(made, false));
    const read = succeeds(await restic(version, made, '--no-lock', 'cat', 'lock', shared.id));
    assert.match(
      read,
      /"exclusive": false,\s+"hostname": ".*",\s+"username": "alice",\s+"pid": \d+,\s+"uid": 1000,\s+"gid": 100/,
    );
    succeeds(await restic(version, made, 'snapshots'));
    const prune = await restic(version, made, 'prune');
    assert.notEqual(prune.code, 0);
    assert.match(prune.stderr, /already locked/);
    succeeds(await restic(version, made, 'unlock'));
    assert.deepEqual(await readdir(join(made.folder, 'locks')), [shared.id], 'a lock that is alive stays');
    await shared.release();
    const exclusive = await acquireLock(lockOptions(made, true));
    assert.match((await restic(version, made, 'snapshots')).stderr, /already locked exclusively by PID/);
    await exclusive.release();

    const time = zonedTime(made.run.now() - 31n * 60_000_000_000n);
    const stale: LockInfo = { time, exclusive: true, hostname: 'elsewhere', username: 'bob', pid: 1 };
    const { name, bytes: sealed } = sealLock(stale, made.envelope);
    await made.backend.save({ kind: 'lock', name }, [sealed], made.run);
    succeeds(await restic(version, made, 'unlock'));
    assert.deepEqual(await readdir(join(made.folder, 'locks')), []);
  }
});

test('B8: we keep out while restic writes, and remove the lock that it leaves when it is killed', async (context) => {
  const made = await makeRepository(context);
  for (const version of resticVersions) {
    const env = { PATH: '/usr/bin:/bin', RESTIC_REPOSITORY: made.folder, RESTIC_PASSWORD: password };
    const writer = spawn(await resticBinary(version), ['--no-cache', 'backup', '--stdin'], {
      env,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    const ended = new Promise((resolve) => writer.once('exit', resolve));
    while ((await readdir(join(made.folder, 'locks'))).length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await (await acquireLock(lockOptions(made, false))).release();
    await assert.rejects(acquireLock(lockOptions(made, true)), (error) => {
      assert.ok(isFault(error, 'repository-locked'));
      assert.equal(error.context['pid'], writer.pid);
      assert.equal(error.context['stale'], false);
      return true;
    });
    assert.equal(await unlock(made.backend, made.envelope, { all: false }, made.run), 0);
    writer.kill('SIGKILL');
    await ended;
    await assert.rejects(acquireLock(lockOptions(made, true)), /its process no longer runs/);
    assert.equal(await unlock(made.backend, made.envelope, { all: false }, made.run), 1);
    await (await acquireLock(lockOptions(made, true))).release();
  }
});
