import { mkdir } from 'node:fs/promises';
import type {
  CapturedComponent,
  Component,
  DatedBackup,
  DatedWriter,
  FailedComponent,
} from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import type { ServerOrigin } from '../../contract/server-origin.ts';
import { type DatedName, datedPlace } from '../../model/dated-name.ts';
import { asFault, Fault } from '../../model/fault.ts';
import { errnoFault } from '../../system/errno.ts';
import type { Abilities } from '../../system/file-metadata.ts';
import { findBase, type FoundBase } from './base-finder.ts';
import { captureComponent } from './capture/capture-component.ts';
import { backupOf, type BackupDescription, capturedOf, type DescribedComponent } from './disk/backup-file.ts';
import { type BackupLog, createBackupLog } from './disk/backup-log.ts';
import { writeEvidence } from './disk/evidence-file.ts';
import { type DiskPlaces, hiddenPlace, processName } from './disk/layout.ts';
import { evidencePlace, type KnownBackup, writeMetadata } from './disk/list-backups.ts';
import { moveIntoPlace, pointLatest, setAside } from './disk/move-into-place.ts';
import { type IsHeld, stampProcess } from './disk/prepare-disk.ts';
import { requireUnread } from './disk/reading-mark.ts';
import { removeTree } from './disk/remove-tree.ts';
import { manifestsFolder } from './manifest/manifest-files.ts';
import { damagedBackup, finishBackup, goodStays } from './publish.ts';
import type { DiskPool } from './threads/disk-pool.ts';

export interface WriterParts {
  readonly places: DiskPlaces;
  readonly name: DatedName;
  /** What is published so far, oldest first. */
  readonly known: readonly KnownBackup[];
  readonly pool: DiskPool;
  readonly abilities: Abilities;
  readonly timeZone: string | undefined;
  readonly isHeld: IsHeld;
  /** Where the components come from. */
  readonly origin: ServerOrigin | undefined;
}

/** Makes the hidden folder of a new backup. */
export const beginBackup = async (parts: WriterParts, run: Run): Promise<DatedWriter> => {
  const { places, name } = parts;
  const hidden = hiddenPlace('partial', name);
  try {
    await mkdir(places.path(`${hidden}/${manifestsFolder}`), { recursive: true, mode: 0o700 });
    await stampProcess(places.path(`${hidden}/${processName}`));
  } catch (error) {
    throw errnoFault(error, 'write to', places.path(hidden));
  }
  return new HiddenBackup(parts, hidden, run);
};

class HiddenBackup implements DatedWriter {
  readonly folder: string;
  readonly #parts: WriterParts;
  readonly #hidden: string;
  readonly #started: number;
  readonly #log: BackupLog;
  readonly #components: DescribedComponent[] = [];
  /** By component; kept from attempt to attempt, with what turned out to be lost. */
  readonly #bases = new Map<string, FoundBase | undefined>();
  #ended = false;

  constructor(parts: WriterParts, hidden: string, run: Run) {
    this.#parts = parts;
    this.#hidden = hidden;
    this.folder = parts.places.path(hidden);
    this.#started = Number(run.now() / 1_000_000n);
    this.#log = createBackupLog(run.now, parts.timeZone);
    this.#log.add('INFO', 'backup', `begins: ${datedPlace(parts.name)}`);
  }

  async capture(component: Component, run: Run): Promise<CapturedComponent> {
    this.#assertOpen();
    const { places, pool, abilities, known } = this.#parts;
    if (!this.#bases.has(component.name)) this.#bases.set(component.name, findBase(component, known, run));
    const base = this.#bases.get(component.name);
    const heard: Run = {
      signal: run.signal,
      now: () => run.now(),
      emit: (event) => {
        this.#log.hear(component.name, event);
        run.emit(event);
      },
    };
    const folder = places.bytes(this.#hidden);
    if (this.#components.some(({ name }) => name === component.name)) {
      throw new Fault('internal', `the component ${component.name} was captured before`);
    }
    try {
      const described = await captureComponent(component, { folder, pool, abilities, base }, heard);
      this.#components.push(described);
      this.#log.add('INFO', component.name, summaryOf(described));
      return capturedOf(described);
    } catch (error) {
      this.#log.add('ERROR', component.name, asFault(error).message);
      throw error;
    }
  }

  async publish(failed: readonly FailedComponent[], run: Run): Promise<DatedBackup> {
    this.#assertOpen();
    const { isHeld, places, pool, name, origin } = this.#parts;
    const work = { places, pool, hidden: this.#hidden, components: this.#components, started: this.#started, origin };
    const { description, damages } = await finishBackup({ ...work, log: this.#log }, failed, run);
    if (damages.length > 0) {
      const aside = await setAside(places, this.#hidden, name);
      await this.#end();
      throw damagedBackup(damages, aside);
    }
    if (description.state !== 'good' && this.#replacesGood()) {
      const aside = await setAside(places, this.#hidden, name);
      await this.#end();
      throw goodStays(name, aside);
    }
    await this.#requireUnread();
    await moveIntoPlace(places, this.#hidden, name, isHeld);
    const backup = backupOf(name, places.backup(name), description);
    const verified = this.#verifiedSince(run);
    await writeEvidence(evidencePlace(places, name), {
      version: 1,
      started: description.started,
      checked: Number(run.now() / 1_000_000n),
      ...(verified === undefined ? {} : { verified }),
      damages: [],
    });
    if (this.#isNewestGood(description)) {
      await pointLatest(places, name);
      await removeTree(places.bytes(hiddenPlace('failed', name)));
    }
    await writeMetadata(places, run);
    await this.#end();
    return verified === undefined ? backup : { ...backup, verified };
  }

  async abandon(): Promise<void> {
    if (this.#ended) return;
    await this.#end();
    await removeTree(this.#parts.places.bytes(this.#hidden));
  }

  /** What was written was read back just now; what is linked is as well proved as it is in the backup it comes from. */
  #verifiedSince(run: Run): number | undefined {
    let since = Number(run.now() / 1_000_000n);
    for (const { name, linked } of this.#components) {
      const base = this.#bases.get(name)?.backup.backup;
      if (linked === 0 || base === undefined) continue;
      if (base.verified === undefined) return undefined;
      since = Math.min(since, base.verified);
    }
    return since;
  }

  /** Somebody may have begun to restore from what has the name, since this one was begun. */
  async #requireUnread(): Promise<void> {
    const { places, name } = this.#parts;
    try {
      await requireUnread(places, name);
    } catch (error) {
      await setAside(places, this.#hidden, name);
      await this.#end();
      throw error;
    }
  }

  /** An incomplete backup must not take the place of a good one of the same date, which may be the only one, and `latest`. */
  #replacesGood(): boolean {
    const place = datedPlace(this.#parts.name);
    return this.#parts.known.some(({ backup }) => backup.state === 'good' && datedPlace(backup.name) === place);
  }

  #isNewestGood({ state, started }: BackupDescription): boolean {
    return (
      state === 'good' && this.#parts.known.every(({ backup }) => backup.state !== 'good' || backup.started <= started)
    );
  }

  #assertOpen(): void {
    if (this.#ended) throw new Fault('internal', 'the backup was published or given up before');
  }

  async #end(): Promise<void> {
    this.#ended = true;
    for (const base of this.#bases.values()) base?.close();
    await this.#parts.pool.close();
  }
}

const summaryOf = ({ counts, linked, writtenBytes, unreadable, origin }: DescribedComponent): string =>
  `${counts.files} files in ${counts.directories} folders, ${counts.bytes} bytes, from ${origin}; ` +
  `${linked} linked, ${writtenBytes} bytes written, ${unreadable} not readable`;
