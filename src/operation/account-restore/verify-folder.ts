import type { Run } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { atOnce, type Comparing } from './compare-folder.ts';
import type { SourceFolder } from './outgoing-mail.ts';
import { groupsOf, readOutgoing } from './read-outgoing.ts';

export interface FolderVerification {
  readonly folder: ByteString;
  /** Messages of the snapshot. */
  readonly expected: number;
  /** Of these, messages that the account does not have byte for byte. */
  readonly missing: number;
}

/** Fetches every message of the folder and counts by SHA-256 what of the snapshot is not among them. */
export const verifyFolder = async (
  folders: readonly SourceFolder[],
  name: ByteString,
  { snapshot, target, newHash }: Comparing,
  run: Run,
): Promise<FolderVerification> => {
  const expected = new Map<string, number>();
  let all = 0;
  for (const folder of folders) {
    for await (const group of groupsOf(folder.messages(run), atOnce)) {
      all += group.length;
      const unknown = group.filter(({ sha256 }) => sha256 === undefined);
      const measured = await readOutgoing(snapshot.source, unknown, newHash, run);
      const digests = [...group.flatMap(({ sha256 }) => sha256 ?? []), ...measured.map(({ digest }) => digest.sha256)];
      for (const digest of digests) expected.set(digest, (expected.get(digest) ?? 0) + 1);
    }
  }
  const listed = await target.list(name, 1, run);
  const found = await target.digests(
    name,
    listed.map(({ uid }) => uid),
    run,
  );
  let same = 0;
  for (const { sha256: digest } of found.values()) {
    const count = expected.get(digest) ?? 0;
    if (count === 0) continue;
    expected.set(digest, count - 1);
    same++;
  }
  return { folder: name, expected: all, missing: all - same };
};
