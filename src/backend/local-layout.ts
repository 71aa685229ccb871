import type { ObjectHandle, ObjectKind } from '../contract/backend.ts';
import { type ByteString, byteStringOfLatin1 } from '../model/byte-string.ts';

/** The folder of each kind, as restic lays out a repository. `config` is a file at the top. */
export const kindFolder: Readonly<Record<Exclude<ObjectKind, 'config'>, string>> = {
  key: 'keys',
  lock: 'locks',
  snapshot: 'snapshots',
  index: 'index',
  pack: 'data',
};

/** Joins a folder and an ASCII name below it. */
export const below = (folder: ByteString, ...names: readonly string[]): ByteString =>
  byteStringOfLatin1([folder, ...names].join('/'));

/** 00 to ff: the folders under `data/`. */
export const packFolders: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** The folder that an object lies in. */
export const folderOf = (base: ByteString, { kind, name }: ObjectHandle): ByteString => {
  if (kind === 'config') return base;
  return kind === 'pack' ? below(base, 'data', name.slice(0, 2)) : below(base, kindFolder[kind]);
};

export const fileName = ({ kind, name }: ObjectHandle): string => (kind === 'config' ? 'config' : name);

export const objectPath = (base: ByteString, handle: ObjectHandle): ByteString =>
  below(folderOf(base, handle), fileName(handle));

/** What unfinished writes are called, by us and by restic; the name of an object never contains it. */
export const temporaryMark = '-tmp-';

const temporaryName = /^(?:config|[0-9a-f]{64})-tmp-./;

export const isTemporaryName = (name: string): boolean => temporaryName.test(name);

/** The folder that a path lies in; `.` for a bare name. */
export const parentOf = (path: ByteString): ByteString => {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return byteStringOfLatin1('.');
  return byteStringOfLatin1(path.slice(0, slash) || '/');
};
