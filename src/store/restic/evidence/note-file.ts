import type { Run } from '../../../contract/run.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import { readTree } from '../format/tree-reader.ts';
import type { Repository } from '../repository.ts';
import { writeSnapshot } from '../write/snapshot-write.ts';
import { createOneFileSource } from './one-file-source.ts';

/** A note of ours as a snapshot that holds one file. */
export interface NoteFile {
  readonly name: ByteString;
  readonly content: Uint8Array;
  readonly paths: readonly ByteString[];
  readonly tags: readonly string[];
}

/**
 * A note's snapshot bears this time (1 January 1970), so that `latest` never means it, in any program; when it was made is
 * in its file.
 */
const noteTime = { nanoseconds: 0n, offsetMinutes: 0 };

/** The content of the file of that name in a note's snapshot; undefined when there is none. Faults: what reading says. */
export const readNoteFile = async (
  repository: Repository,
  snapshot: SnapshotFile,
  name: ByteString,
  run: Run,
): Promise<Uint8Array | undefined> => {
  const blobs = await repository.blobs(run);
  const tree = await blobs.load('tree', Uint8Array.from(Buffer.from(snapshot.tree, 'hex')), run);
  let content: Uint8Array | undefined;
  readTree(tree, (node) => {
    if (node.entry.name === name) content = node.content?.slice();
  });
  if (content === undefined) return undefined;
  const parts: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += 32) {
    parts.push(await blobs.load('data', content.slice(at, at + 32), run));
  }
  return Buffer.concat(parts);
};

/** Writes a note as a snapshot of its own. To be called under a shared lock. Returns its id. */
export const writeNoteFile = async (
  repository: Repository,
  { name, content, paths, tags }: NoteFile,
  run: Run,
): Promise<string> => {
  const { session } = repository;
  const { hostname, username, uid, gid } = session.options.identity;
  const now = run.now();
  const times = { mtime: now, atime: now, ctime: now };
  const numbers = { uid, gid, inode: 0n, deviceId: 0n, links: 1 };
  const entry = {
    name,
    type: 'file' as const,
    mode: 0o600,
    ...times,
    ...numbers,
    user: username,
    group: '',
    size: content.length,
  };
  const description = { time: noteTime, paths, hostname, username, uid, gid, excludes: [], tags };
  const index = await repository.index(run);
  const parts = {
    session,
    index,
    ledger: await repository.ledger(run),
    assertLocked: () => repository.assertLocked(run),
  };
  try {
    const { snapshot } = await writeSnapshot(createOneFileSource({ entry, content }), { description }, parts, run);
    return snapshot?.id ?? '';
  } finally {
    // What was claimed and not stored must not be taken for stored.
    repository.forgetIndex();
  }
};
