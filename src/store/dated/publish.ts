import { appendFile, rm, writeFile } from 'node:fs/promises';
import type { DatedDamage, FailedComponent } from '../../contract/component.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { ServerOrigin } from '../../contract/server-origin.ts';
import { displayText } from '../../model/byte-string.ts';
import { type DatedName, datedPlace } from '../../model/dated-name.ts';
import { Fault } from '../../model/fault.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { syncFileSystem } from '../../system/sync-file-system.ts';
import { type BackupDescription, type DescribedComponent, formatDescription, formatSeal } from './disk/backup-file.ts';
import type { BackupLog } from './disk/backup-log.ts';
import { checksumsList, descriptionName, type DiskPlaces, logName, processName, sealName } from './disk/layout.ts';
import { concatenate } from './disk/write-list.ts';
import { checksumsName, manifestFolder, writtenName } from './manifest/manifest-files.ts';
import type { DiskPool } from './threads/disk-pool.ts';
import { checkList } from './verify/check-list.ts';
import { checkPacked } from './verify/check-packed.ts';

export interface UnderWork {
  readonly places: DiskPlaces;
  /** Where the backup is being made, below the root. */
  readonly hidden: string;
  readonly components: readonly DescribedComponent[];
  readonly started: number;
  readonly pool: DiskPool;
  readonly log: BackupLog;
  readonly origin: ServerOrigin | undefined;
}

export interface Finished {
  readonly description: BackupDescription;
  readonly damages: readonly DatedDamage[];
}

/** Puts the lists together, reads back what was written, and has all of it on the disk. Nothing is published yet. */
export const finishBackup = async (
  work: UnderWork,
  failed: readonly FailedComponent[],
  run: Run,
): Promise<Finished> => {
  const { places, hidden, components } = work;
  const list = (name: string) =>
    components.map((component) => places.bytes(`${hidden}/${manifestFolder(component.name)}/${name}`));
  const checksums = concatenate(list(checksumsName), places.bytes(`${hidden}/${checksumsList}`));
  const written = places.bytes(`${hidden}/.mailkeep/${writtenName}`);
  concatenate(list(writtenName), written);
  // The disk writes while what is still in memory is read.
  const [synced, damages] = await Promise.allSettled([
    syncFileSystem(places.path(hidden)),
    checkWritten(work, written, run),
  ]);
  if (damages.status === 'rejected') throw damages.reason;
  if (synced.status === 'rejected') throw synced.reason;
  throwIfInterrupted(run);
  work.log.markEnding();
  const description = describe(work, failed, { checksums: checksums.sha256, ended: Number(run.now() / 1_000_000n) });
  tell(work, description, damages.value);
  try {
    for (const path of [...list(checksumsName), ...list(writtenName), written]) await rm(Buffer.from(path, 'latin1'));
    await writeLog(places.path(`${hidden}/${logName}`), work.log);
    const text = formatDescription(description);
    await writeFile(places.path(`${hidden}/${descriptionName}`), text, { mode: 0o600 });
    await writeFile(places.path(`${hidden}/${sealName}`), formatSeal(text), { mode: 0o600 });
    await rm(places.path(`${hidden}/${processName}`), { force: true });
  } catch (error) {
    throw errnoFault(error, 'write to', places.path(hidden));
  }
  await syncFileSystem(places.path(hidden));
  return { description, damages: damages.value };
};

/** Whoever runs the night may have put its own log there, which says more: then only what was found at the end is added. */
const writeLog = async (path: string, log: BackupLog): Promise<void> => {
  try {
    await writeFile(path, log.text(), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (errnoCode(error) !== 'EEXIST') throw error;
    await appendFile(path, log.ending());
  }
};

const checkWritten = async (work: UnderWork, list: ReturnType<DiskPlaces['bytes']>, run: Run) => {
  const { places, hidden, components, pool } = work;
  const folder = places.bytes(hidden);
  const damages = [...(await checkList({ folder, list, pool }, run))];
  // What is not what was written is told once.
  if (damages.length > 0) return damages;
  for (const { name, form } of components) {
    if (form !== 'tree') damages.push(...(await checkPacked({ folder, name, form }, run)));
  }
  return damages;
};

const describe = (
  { components, started, origin }: UnderWork,
  failed: readonly FailedComponent[],
  { checksums, ended }: { readonly checksums: string; readonly ended: number },
): BackupDescription => {
  const missing = [
    ...failed.map(({ name, fault }) => ({ name, reason: fault.message })),
    ...components
      .filter(({ unreadable }) => unreadable > 0)
      .map(({ name, unreadable }) => ({ name, reason: `${unreadable} entries could not be read` })),
  ];
  return {
    version: 1,
    started,
    ended,
    state: missing.length === 0 ? 'good' : 'incomplete',
    components,
    missing,
    ...(origin === undefined ? {} : { origin }),
    checksums,
  };
};

const tell = ({ log }: UnderWork, description: BackupDescription, damages: readonly DatedDamage[]): void => {
  for (const { name, reason } of description.missing) log.add('ERROR', name, reason);
  for (const { fault } of damages) log.add('CRITICAL', 'verify', fault.message);
  if (damages.length > 0) return;
  log.add('INFO', 'verify', 'what was written was read back without a difference');
  log.add('INFO', 'backup', description.state === 'good' ? 'complete' : 'incomplete');
};

export const damagedBackup = (damages: readonly DatedDamage[], aside: string): Fault => {
  const [first] = damages;
  const what = first === undefined ? '' : `: ${displayText(first.path)}`;
  return new Fault('verification-failed', `the backup did not pass its check, and is not published${what}`, {
    hint: `It stays at ${aside}. Look at the health of the disk, then run the backup again.`,
    context: { path: aside, damages: damages.length },
  });
};

export const goodStays = (name: DatedName, aside: string): Fault =>
  new Fault('target-occupied', `what was captured now is incomplete, so the good ${datedPlace(name)} stays`, {
    hint: `The incomplete one is at ${aside}. Mend what failed, then run the backup again.`,
    context: { path: aside },
  });
