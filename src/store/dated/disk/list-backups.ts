import { readdir } from 'node:fs/promises';
import type { DatedBackup } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { type DatedName, datedPlace, parseDatedFolder } from '../../../model/dated-name.ts';
import { isFault } from '../../../model/fault.ts';
import { allReadSince } from '../../../model/scrub-slices.ts';
import { writeDurably } from '../../../system/durable-file.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { type BackupDescription, backupOf, readDescription } from './backup-file.ts';
import { type Evidence, readEvidence } from './evidence-file.ts';
import { readSlices } from './slices-file.ts';
import { descriptionName, type DiskPlaces, evidenceFolder, flatName, metadataName } from './layout.ts';

/** A published backup with all that the disk says of it. */
export interface KnownBackup {
  readonly backup: DatedBackup;
  readonly description: BackupDescription;
  readonly evidence: Evidence | undefined;
}

const namesOf = async (places: DiskPlaces, kind: DatedName['kind']): Promise<readonly DatedName[]> => {
  try {
    return (await readdir(places.path(kind))).flatMap((text) => parseDatedFolder(kind, text) ?? []);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw errnoFault(error, 'list', places.path(kind));
  }
};

/** Every published backup, oldest first. One that cannot be read is told and left out. */
export const listBackups = async (places: DiskPlaces, run: Run): Promise<readonly KnownBackup[]> => {
  const known: KnownBackup[] = [];
  const allRead = allReadSince(await readSlices(places));
  for (const name of [...(await namesOf(places, 'daily')), ...(await namesOf(places, 'weekly'))]) {
    try {
      known.push(await readBackup(places, name, allRead));
    } catch (error) {
      if (!isFault(error)) throw error;
      run.emit({ kind: 'fault', fault: error, path: byteStringOfText(datedPlace(name)) });
    }
  }
  return known.sort((left, right) => left.backup.started - right.backup.started);
};

/**
 * `allRead`: since when every slice of the disk was read, and so each file of whatever lies there undamaged.
 *
 * Faults: `object-missing`, `verification-failed`, and those of the file system.
 */
export const readBackup = async (
  places: DiskPlaces,
  name: DatedName,
  allRead: number | undefined,
): Promise<KnownBackup> => {
  const folder = places.backup(name);
  const description = await readDescription(`${folder}/${descriptionName}`);
  const found = await readEvidence(evidencePlace(places, name));
  const evidence = found?.started === description.started ? found : undefined;
  const backup = backupOf(name, folder, description);
  const isDamaged = evidence !== undefined && evidence.damages.length > 0;
  if (isDamaged) return { backup: { ...backup, damaged: true }, description, evidence };
  const times = [evidence?.verified, allRead].filter((time) => time !== undefined);
  const verified = times.length === 0 ? undefined : Math.max(...times);
  return { backup: verified === undefined ? backup : { ...backup, verified }, description, evidence };
};

export const evidencePlace = (places: DiskPlaces, name: DatedName): string =>
  places.path(`${evidenceFolder}/${flatName(name)}.json`);

/** What is on the disk, in one file for people and their programs; everything in it stands elsewhere, too. */
export const writeMetadata = async (places: DiskPlaces, run: Run): Promise<void> => {
  const known = await listBackups(places, run);
  const backups = known.map(({ backup, description, evidence }) => ({
    place: datedPlace(backup.name),
    started: iso(description.started),
    ended: iso(description.ended),
    state: description.state,
    ...(backup.verified === undefined ? {} : { verified: iso(backup.verified) }),
    ...(backup.damaged === true ? { damages: evidence?.damages ?? [] } : {}),
    components: description.components,
    ...(description.origin === undefined ? {} : { origin: description.origin }),
    missing: description.missing,
  }));
  const value = { version: 1, updated: iso(Number(run.now() / 1_000_000n)), backups };
  await writeDurably(places.path(metadataName), `${JSON.stringify(value, undefined, 2)}\n`);
};

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
