import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type ByteString, byteStringOfText } from '../model/byte-string.ts';
import type { Path } from '../model/entry.ts';
import { parseReference, type SnapshotFilter, findSnapshot } from '../model/snapshot-selection.ts';
import type { Run } from '../contract/run.ts';
import type { Repository } from '../store/restic/repository.ts';
import type { SnapshotFile } from '../store/restic/format/snapshot-format.ts';
import type { CommandContext } from './context.ts';
import { collect } from './define-command.ts';

export interface FilterOptions {
  readonly host: readonly string[];
  readonly tag: readonly string[];
  readonly path: readonly string[];
}

/** The options by which snapshots are chosen. */
export const addFilterOptions = (command: Command): Command =>
  command
    .option('-H, --host <name>', 'only snapshots of this host (may be repeated)', collect, [])
    .option('--tag <tag,...>', 'only snapshots with all these tags (may be repeated: or)', collect, [])
    .option('--path <path>', 'only snapshots of this path (repeated: of all these paths)', collect, []);

/** `RESTIC_HOST` counts as with restic: where no host is given, and an empty --host means all hosts. */
export const filterOf = (options: FilterOptions, { environment }: CommandContext): SnapshotFilter => {
  const environmentHost = environment.host === undefined ? [] : [environment.host];
  return {
    hosts: (options.host.length > 0 ? options.host : environmentHost).filter((host) => host !== ''),
    tags: options.tag.map((tags) => tags.split(',')),
    paths: options.path.map((path) => byteStringOfText(resolve(path))),
  };
};

/** Names of a path as a person types it, from the root of a snapshot: empty and `.` left out, `..` resolved. */
export const pathOfText = (text: string): Path => {
  const names: ByteString[] = [];
  for (const name of text.split('/')) {
    if (name === '..') names.pop();
    else if (name !== '' && name !== '.') names.push(byteStringOfText(name));
  }
  return names;
};

export interface NamedSnapshot {
  readonly file: SnapshotFile;
  /** The folder behind the colon. */
  readonly folder: Path;
}

/** The snapshot that `ID`, `latest`, `latest~1`, `ID:folder` means. Faults as `findSnapshot`. */
export const namedSnapshot = async (
  repository: Repository,
  reference: string,
  filter: SnapshotFilter | undefined,
  run: Run,
): Promise<NamedSnapshot> => {
  const { id, subfolder } = parseReference(reference);
  const file = /^[0-9a-f]{64}$/.test(id)
    ? (await repository.open(id, run)).snapshot.id
    : findSnapshot(await repository.snapshots(run), id, filter).id;
  return { file: await repository.snapshotFile(file, run), folder: pathOfText(subfolder) };
};
