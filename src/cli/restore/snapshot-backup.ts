import type { ComponentForm, DatedDamage } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import type { ServerBackup, StoredComponent } from '../../contract/server-backup.ts';
import type { ServerOrigin } from '../../contract/server-origin.ts';
import { byteStringOfText, displayText } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import { incompleteTag, isNote, type Snapshot } from '../../model/snapshot.ts';
import { findSnapshot } from '../../model/snapshot-selection.ts';
import { findUnreadable } from '../../operation/server/find-unreadable.ts';
import { originFolder, readOrigin } from '../../operation/server/origin-file.ts';
import { serverOfTags, serverTag } from '../../operation/server/repository-night.ts';
import type { Repository } from '../../store/restic/repository.ts';

export interface SnapshotWish {
  /** `latest`, `latest~1`, or the beginning of an id. */
  readonly reference: string;
  readonly server: string | undefined;
}

/** The newest complete one is what `latest` means, as on a disk; where there is none, the newest. */
const choose = (
  snapshots: readonly Snapshot[],
  { reference, server }: SnapshotWish,
): { readonly id: string; readonly server: string } => {
  const own = snapshots.filter(
    ({ tags, ...rest }) =>
      !isNote({ tags, ...rest }) &&
      (server === undefined ? serverOfTags(tags) !== undefined : tags.includes(serverTag(server))),
  );
  const isLatest = reference.startsWith('latest');
  const names = [...new Set(own.map(({ tags }) => serverOfTags(tags) ?? ''))];
  const [name] = names;
  if (name === undefined) {
    throw new Fault('snapshot-missing', `the repository has no backup of ${server ?? 'a whole server'}`, {
      hint: '`mailkeep snapshots` lists all that there is.',
    });
  }
  if (isLatest && names.length > 1) {
    throw new Fault('usage', 'the repository has backups of several servers, and it is not said which one is meant', {
      hint: `Add --server NAME: ${names.join(', ')}.`,
    });
  }
  const complete = own.filter(({ tags }) => !tags.includes(incompleteTag));
  const found = findSnapshot(isLatest && complete.length > 0 ? complete : own, reference);
  return { id: found.id, server: serverOfTags(found.tags) ?? name };
};

const usualDumps: readonly string[] = ['mysql', 'mariadb', 'postgres', 'redis', 'sqlite'];

/** Those that are there; of which form, the backup says, or in those of earlier versions the name. */
const componentsIn = (names: readonly string[], origin: ServerOrigin | undefined): readonly StoredComponent[] =>
  names.map((name) => {
    const usual: ComponentForm = usualDumps.includes(name) ? 'dump' : 'tree';
    return { name, form: origin?.components.find((one) => one.name === name)?.form ?? usual };
  });

/** The backup of a server in a repository. Faults: `snapshot-missing`, `snapshot-ambiguous`, `usage`, those of the repository. */
export const snapshotBackup = async (
  repository: Repository,
  wish: SnapshotWish,
  run: Run,
): Promise<{ readonly backup: ServerBackup; readonly name: string }> => {
  const { id, server } = choose(await repository.snapshots(run), wish);
  await repository.findMissingPacks(run);
  const root = byteStringOfText(server);
  const whole = await repository.open(id, run, [root]);
  const origin = await readOrigin(whole, run);
  const names: string[] = [];
  for await (const page of whole.children([], run)) {
    for (const { entry } of page) {
      if (entry.type === 'directory' && entry.name !== originFolder) names.push(displayText(entry.name));
    }
  }
  const { snapshot } = whole;
  const open: ServerBackup['open'] = (path, openRun) => repository.open(id, openRun, [root, ...path]);
  const backup: ServerBackup = {
    kind: 'repository',
    // A repository has nothing that was not authenticated.
    isProved: true,
    description: whole.description,
    name: id,
    started: Number((snapshot.summary?.backupStart ?? snapshot.time).nanoseconds / 1_000_000n),
    isComplete: !snapshot.tags.includes(incompleteTag),
    components: componentsIn(names, origin),
    origin,
    open,
    check: async (components, checkRun) => {
      const damages: DatedDamage[] = [];
      for (const name of components) {
        damages.push(...(await findUnreadable(await open([byteStringOfText(name)], checkRun), name, checkRun)));
      }
      return damages;
    },
  };
  return { backup, name: server };
};
