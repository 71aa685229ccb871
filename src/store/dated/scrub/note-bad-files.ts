import type { BadFile, DatedDamage } from '../../../contract/component.ts';
import { displayText } from '../../../model/byte-string.ts';
import { datedPlace } from '../../../model/dated-name.ts';
import { Fault } from '../../../model/fault.ts';
import { damagesTold, type Evidence, writeEvidence } from '../disk/evidence-file.ts';
import { checksumsList, type DiskPlaces } from '../disk/layout.ts';
import { evidencePlace, type KnownBackup } from '../disk/list-backups.ts';
import { inSlices, walkList } from './line-walk.ts';

const sentences: Readonly<Record<BadFile['kind'], string>> = {
  missing: 'is missing',
  differs: 'does not hold what was written',
  unreadable: 'cannot be read',
};

/** A bad file as the damage that each of its backups has. */
export const damageText = ({ kind }: Pick<BadFile, 'kind'>, path: BadFile['names'][number]['path']): string =>
  `${displayText(path)} ${sentences[kind]}`;

export const damageOfBadFile = (bad: BadFile): readonly DatedDamage[] =>
  bad.names.map(({ path, backup }) => ({
    path,
    fault: new Fault('verification-failed', `${datedPlace(backup)}: ${damageText(bad, path)}`, {
      hint: 'Look at the health of the disk; `mailkeep scrub --repair` mends what has a good copy.',
      context: { path: displayText(path) },
    }),
  }));

export interface Noted {
  readonly bad: readonly BadFile[];
  readonly known: readonly KnownBackup[];
  /** What was read of all of them. */
  readonly slices: ReadonlySet<number>;
  readonly began: number;
}

/** Takes down for each backup what is bad in it, and lets go of what was bad before and was read again without a difference. */
export const noteBadFiles = async (places: DiskPlaces, { bad, known, slices, began }: Noted): Promise<void> => {
  const byBackup = Map.groupBy(
    bad.flatMap((file) => file.names.map(({ backup, path }) => ({ place: datedPlace(backup), file, path }))),
    ({ place }) => place,
  );
  for (const one of known) {
    const found = byBackup.get(datedPlace(one.backup.name)) ?? [];
    const before = one.evidence?.damages ?? [];
    if (found.length === 0 && before.length === 0) continue;
    const fresh = found.map(({ file, path }) => ({ path: String(path), message: damageText(file, path) }));
    const freshPaths = new Set(fresh.map(({ path }) => path));
    // Of more than are told nobody knows whether all were mended: only a full check tells.
    const settled = before.length >= damagesTold ? new Set<string>() : readAgain(one, before, slices);
    const stays = before.filter(({ path }) => !freshPaths.has(path) && !settled.has(path));
    const evidence: Evidence = {
      ...(one.evidence ?? { version: 1, started: one.description.started }),
      checked: began,
      damages: [...stays, ...fresh].slice(0, damagesTold),
    };
    await writeEvidence(evidencePlace(places, one.backup.name), evidence);
  }
};

/** Of the paths that were bad those that this scrub has read. */
const readAgain = (
  known: KnownBackup,
  before: Evidence['damages'],
  slices: ReadonlySet<number>,
): ReadonlySet<string> => {
  const wanted = new Set(before.map(({ path }) => path));
  if (wanted.size === 0) return wanted;
  // The list itself was read as well, whatever the slices.
  const read = new Set<string>([checksumsList]);
  for (const group of walkList(known, inSlices(slices)).groups) {
    for (const { path } of group) if (wanted.has(path)) read.add(path);
  }
  return read;
};
