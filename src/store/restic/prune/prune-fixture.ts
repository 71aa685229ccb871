import { hash } from 'node:crypto';
import { createMemoryBackend } from '../../../backend/memory.ts';
import type { Backend, ObjectKind } from '../../../contract/backend.ts';
import type { Run } from '../../../contract/run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import type { Nanoseconds } from '../../../model/entry.ts';
import { BlobSaver } from '../copy/blob-saver.ts';
import { formatSnapshot } from '../format/snapshot-format.ts';
import { readTree } from '../format/tree-reader.ts';
import { createTreeWriter } from '../format/tree-writer.ts';
import { listNames, loadIndex } from '../index/index-loader.ts';
import { createObjectIo } from '../object-io.ts';
import { createBlobReader, hexOf } from '../read/blob-reader.ts';
import { initRepository } from '../init-repository.ts';
import { openRepository } from '../open-repository.ts';
import { Repository } from '../repository.ts';
import type { Session } from '../session.ts';
import { trustOf } from '../repository-fixture.ts';

/* For tests: repositories in memory, small snapshots with the packs that a test wants, and reading all of them whole. */

export type Files = Readonly<Record<string, string>>;

const kinds: readonly ObjectKind[] = ['key', 'lock', 'snapshot', 'index', 'pack'];

/** A repository in memory; `password` derivation is the quick one. */
export const makeRepository = async (run: Run, options: { readonly pid?: number } = {}): Promise<Repository> => {
  const backend = createMemoryBackend();
  const open = {
    password: 'only a test',
    identity: { hostname: 'mail1', username: 'root', uid: 0, gid: 0, pid: options.pid ?? process.pid },
    compression: 'auto' as const,
    packSize: 4 * 1_048_576,
    threads: 1,
    mailAware: true,
    lockWait: 0,
    noLock: false,
    evidence: trustOf(1),
    programVersion: 'mailkeep test',
  };
  await initRepository(backend, { ...open, generatedPassword: true }, run);
  return openRepository(backend, open, run);
};

/** Another open repository on other storage with the same objects, or on a wrapper of the same storage. */
export const onBackend = (
  repository: Repository,
  backend: Backend,
  identity: Partial<Session['options']['identity']> = {},
): Repository => {
  const { session } = repository;
  const options = { ...session.options, identity: { ...session.options.identity, ...identity } };
  const io = createObjectIo(backend, session.envelope, session.config.version);
  return new Repository({ ...session, backend, io, options }, repository.keyId);
};

/** A copy of everything in a storage. */
export const copyOf = async (backend: Backend, run: Run): Promise<Backend> => {
  const copy = createMemoryBackend();
  const config = { kind: 'config', name: '' } as const;
  await copy.save(config, [await backend.load(config, undefined, run)], run);
  for (const kind of kinds) {
    for await (const page of backend.list(kind, run)) {
      for (const { name } of page)
        await copy.save({ kind, name }, [await backend.load({ kind, name }, undefined, run)], run);
    }
  }
  return copy;
};

export const removeLocks = async (backend: Backend, run: Run): Promise<void> => {
  for (const name of await listNames(backend, 'lock', run)) await backend.remove({ kind: 'lock', name }, run);
};

const idOf = (bytes: Uint8Array): Uint8Array => Uint8Array.from(hash('sha256', bytes, 'buffer'));

export interface SnapshotOptions {
  readonly time: Nanoseconds;
  /** Stop before the snapshot is written: packs and index are there. */
  readonly withoutSnapshot?: boolean;
  /** Blobs that are taken for stored; default: what the index says now. */
  readonly known?: (type: 'data' | 'tree', id: Uint8Array) => boolean;
}

export const knownBlobs = async (
  { session }: Repository,
  run: Run,
): Promise<(type: 'data' | 'tree', id: Uint8Array) => boolean> => {
  const { table } = await loadIndex({ backend: session.backend, io: session.io, cache: undefined }, run);
  return (type, id) => table.has(type, id);
};

/** Stores the blobs that are not known, one data and one tree pack for each call; returns the root tree. */
export const storeFiles = async (
  repository: Repository,
  files: Files,
  known: (type: 'data' | 'tree', id: Uint8Array) => boolean,
  run: Run,
): Promise<string> => {
  const saver = new BlobSaver(repository.session, run);
  const writer = createTreeWriter();
  for (const name of Object.keys(files).sort()) {
    const bytes = Buffer.from(files[name] ?? '');
    const id = idOf(bytes);
    if (!known('data', id)) await saver.add('data', id, bytes);
    const times = { mtime: 0n, atime: 0n, ctime: 0n };
    const owner = { uid: 0, gid: 0, user: '', group: '', inode: 0n, deviceId: 0n };
    writer.add({
      entry: {
        name: byteStringOfText(name),
        type: 'file',
        mode: 0o644,
        ...times,
        ...owner,
        size: bytes.length,
        links: 1,
      },
      content: bytes.length === 0 ? new Uint8Array(0) : id,
      subtree: undefined,
    });
  }
  const tree = writer.finish();
  const id = idOf(tree);
  if (!known('tree', id)) await saver.add('tree', id, tree);
  await saver.finish();
  return hexOf(id);
};

/** Makes a snapshot of these files, as a backup would. Returns its id. */
export const addSnapshot = async (
  repository: Repository,
  files: Files,
  options: SnapshotOptions,
  run: Run,
): Promise<string> => {
  const known = options.known ?? (await knownBlobs(repository, run));
  const tree = await storeFiles(repository, files, known, run);
  return options.withoutSnapshot === true ? '' : publish(repository, tree, options.time, run);
};

export const publish = (repository: Repository, tree: string, time: Nanoseconds, run: Run): Promise<string> => {
  const json = formatSnapshot({
    id: '',
    originalId: '',
    time: { nanoseconds: time, offsetMinutes: 0 },
    tree,
    paths: [byteStringOfText('/mail')],
    hostname: 'mail1',
    username: 'root',
    uid: 0,
    gid: 0,
    excludes: [],
    tags: [],
    unknownFields: '',
  });
  return repository.session.io.save('snapshot', json, run);
};

/** Reads all files of a snapshot, every hash checked. */
export const readFiles = async (repository: Repository, snapshot: string, run: Run): Promise<Files> => {
  const { session } = repository;
  const index = await loadIndex({ backend: session.backend, io: session.io, cache: undefined }, run);
  const blobs = createBlobReader(session.backend, index, session);
  const { tree } = await repository.snapshotFile(snapshot, run);
  const found: { readonly name: string; readonly content: Uint8Array }[] = [];
  readTree(await blobs.load('tree', Uint8Array.from(Buffer.from(tree, 'hex')), run), ({ entry, content }) => {
    found.push({ name: entry.name, content: content ?? new Uint8Array(0) });
  });
  const files: Record<string, string> = {};
  for (const { name, content } of found) {
    const plain = content.length === 0 ? new Uint8Array(0) : await blobs.load('data', content, run);
    files[name] = Buffer.from(plain).toString();
  }
  return files;
};
