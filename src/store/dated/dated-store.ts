import { availableParallelism } from 'node:os';
import type {
  AlarmState,
  DatedBackup,
  DatedDamage,
  DatedStore,
  DatedWriter,
  DiskScrub,
  FolderDifference,
  MendedFile,
  MendWish,
  ScrubWish,
} from '../../contract/component.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { ServerOrigin } from '../../contract/server-origin.ts';
import { type DatedName, datedPlace } from '../../model/dated-name.ts';
import type { Path } from '../../model/entry.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { allReadSince } from '../../model/scrub-slices.ts';
import type { Posix } from '../../system/posix.ts';
import type { RunHolder } from '../../system/lock-holder.ts';
import { type RunLock, takeRunLock } from '../../system/run-lock.ts';
import { syncFolder } from '../../system/sync-file-system.ts';
import type { HoldTrust } from '../../model/hold-trust.ts';
import { type HoldLog, standingHolds } from '../../model/hold.ts';
import { heldAside } from './holds/held-aside.ts';
import { holdsOn } from './holds/held-backups.ts';
import { addHolds, readHolds, type SignedHold } from './holds/hold-files.ts';
import { readDescription } from './disk/backup-file.ts';
import { beginBackup } from './dated-writer.ts';
import { readAlarms, writeAlarms } from './disk/alarms-file.ts';
import { removeEvidence } from './disk/evidence-file.ts';
import { descriptionName, type DiskPlaces, lockName, placesBelow } from './disk/layout.ts';
import { evidencePlace, type KnownBackup, listBackups, readBackup, writeMetadata } from './disk/list-backups.ts';
import { hasHardLinks, type IsHeld, noHardLinks, prepareDisk, removeLeftovers } from './disk/prepare-disk.ts';
import { awaitUnread, requireUnread } from './disk/reading-mark.ts';
import { moveAside, repointLatest } from './disk/move-into-place.ts';
import { removeTree } from './disk/remove-tree.ts';
import { readSlices } from './disk/slices-file.ts';
import { linkBackup } from './link-backup.ts';
import { backupDifferences } from './read/backup-differences.ts';
import { openBackup } from './read/open-backup.ts';
import { mendDisk } from './scrub/mend-disk.ts';
import { scrubDisk, type Scrubbing } from './scrub/scrub-disk.ts';
import { diskAbilities } from './threads/disk-metadata.ts';
import { type DiskPool, startDiskPool } from './threads/disk-pool.ts';
import { verifyBackup } from './verify/verify-backup.ts';

export interface DatedStoreOptions {
  /** The store's root, absolute; made when it is missing. */
  readonly root: string;
  /** Copies instead of hard links, for a file system that has none. */
  readonly copies?: boolean;
  /** Of the log's lines; without one, that of the system. */
  readonly timeZone?: string;
  /** Milliseconds to wait for another run on this disk. */
  readonly wait?: number;
  readonly onWait?: (holder: RunHolder) => void;
  /** Threads that write and read; default one a processor, at most four. */
  readonly threads?: number;
  /** From `loadPosix`. */
  readonly posix: Posix | undefined;
  /** Where what is backed up comes from; every backup says it of itself. */
  readonly origin?: ServerOrigin;
  /** By whose word holds end; without it, by nobody's. */
  readonly holdTrust?: HoldTrust;
}

/** A dated disk. Nothing is touched until something is asked of it. */
export const openDatedStore = (options: DatedStoreOptions): DatedStore => new DiskStore(options);

const heldBackup = (name: DatedName, by: string): Fault =>
  new Fault('snapshot-held', `the backup ${datedPlace(name)} is held (${by}), so it is not removed`, {
    hint: `\`mailkeep hold list\` tells why; to end it: mailkeep hold release ${by} --reason …`,
    context: { backup: datedPlace(name), hold: by },
  });

class DiskStore implements DatedStore {
  readonly description: string;
  readonly #options: DatedStoreOptions;
  readonly #places: DiskPlaces;
  #lock: RunLock | undefined;
  #writer: DatedWriter | undefined;

  constructor(options: DatedStoreOptions) {
    this.#options = options;
    this.#places = placesBelow(options.root.replace(/(?<=.)\/+$/, ''));
    this.description = options.root;
  }

  async backups(run: Run): Promise<readonly DatedBackup[]> {
    throwIfInterrupted(run);
    return (await listBackups(this.#places, run)).map(({ backup }) => backup);
  }

  async begin(name: DatedName, run: Run): Promise<DatedWriter> {
    throwIfInterrupted(run);
    await this.#writer?.abandon();
    await this.#takeDisk(run);
    await this.#requireUnread(name, run);
    const known = await listBackups(this.#places, run);
    const pool = this.#startPool(run);
    try {
      const { posix, timeZone, origin } = this.#options;
      const parts = { places: this.#places, name, known, pool, abilities: diskAbilities(posix), timeZone, origin };
      const isHeld = this.#isHeld(run);
      return (this.#writer = await beginBackup({ ...parts, isHeld }, run));
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  async linkWeekly(name: DatedName & { readonly kind: 'weekly' }, daily: DatedBackup, run: Run): Promise<DatedBackup> {
    throwIfInterrupted(run);
    if (daily.state !== 'good') throw new Fault('usage', `${datedPlace(daily.name)} is not complete`);
    await this.#takeDisk(run);
    await this.#requireUnread(name, run);
    const known = await this.#known(daily);
    const pool = this.#startPool(run);
    try {
      const { posix } = this.#options;
      return await linkBackup({ places: this.#places, pool, from: known, name, posix, isHeld: this.#isHeld(run) }, run);
    } finally {
      await pool.close();
    }
  }

  async open(backup: DatedBackup, run: Run) {
    throwIfInterrupted(run);
    const { description } = await this.#known(backup);
    return openBackup({ folder: backup.folder, description }, run);
  }

  async verify(backup: DatedBackup, run: Run): Promise<readonly DatedDamage[]> {
    throwIfInterrupted(run);
    const known = await this.#known(backup);
    const pool = this.#startPool(run);
    try {
      return await verifyBackup({ places: this.#places, pool, known }, run);
    } finally {
      await pool.close();
    }
  }

  scrub(wish: ScrubWish, run: Run): Promise<DiskScrub> {
    return this.#withPool((scrubbing) => scrubDisk(scrubbing, wish, run), run);
  }

  mend(wish: MendWish, run: Run): Promise<readonly MendedFile[]> {
    return this.#withPool(async (scrubbing) => {
      if (!wish.dryRun) await requireUnread(this.#places);
      return mendDisk(scrubbing, wish, run);
    }, run);
  }

  async *differences(
    { older, newer }: Parameters<DatedStore['differences']>[0],
    isWanted: (path: Path) => boolean,
    run: Run,
  ): AsyncGenerator<FolderDifference> {
    const pair = { older: await this.#known(older), newer: await this.#known(newer) };
    yield* backupDifferences(pair, isWanted, run);
  }

  alarms(run: Run): Promise<AlarmState> {
    throwIfInterrupted(run);
    return readAlarms(this.#places);
  }

  async noteAlarms(state: AlarmState, run: Run): Promise<void> {
    throwIfInterrupted(run);
    await this.#takeDisk(run);
    await writeAlarms(this.#places, state);
  }

  /** Nothing comes or leaves meanwhile. */
  async #withPool<Result>(work: (scrubbing: Scrubbing) => Promise<Result>, run: Run): Promise<Result> {
    throwIfInterrupted(run);
    await this.#takeDisk(run);
    const pool = this.#startPool(run);
    try {
      const { posix, copies = false } = this.#options;
      return await work({ places: this.#places, pool, posix, copies });
    } finally {
      await pool.close();
    }
  }

  async remove(backup: DatedBackup, run: Run): Promise<void> {
    throwIfInterrupted(run);
    await this.#takeDisk(run);
    const { name } = backup;
    const [by] = await this.holdsOn(await this.#known(backup).then((known) => known.backup), run);
    if (by !== undefined) throw heldBackup(name, by);
    const aside = await moveAside(this.#places, name);
    await syncFolder(this.#places.path(name.kind));
    await removeEvidence(evidencePlace(this.#places, name));
    await repointLatest(this.#places, name, run);
    await writeMetadata(this.#places, run);
    await removeTree(this.#places.bytes(aside));
  }

  async holds(run: Run): Promise<HoldLog> {
    throwIfInterrupted(run);
    return readHolds(this.#places, this.#options.holdTrust, run);
  }

  async addHolds(added: readonly SignedHold[], run: Run): Promise<void> {
    throwIfInterrupted(run);
    await addHolds(this.#places, added, await this.holds(run));
  }

  async holdsOn({ name, started, folder }: DatedBackup, run: Run): Promise<readonly string[]> {
    return holdsOn({ place: datedPlace(name), started, folder }, await this.holds(run), run);
  }

  async heldAside(run: Run): Promise<ReadonlyMap<string, readonly string[]>> {
    return heldAside(this.#places, await this.holds(run), run);
  }

  async close(): Promise<void> {
    await this.#writer?.abandon();
    this.#writer = undefined;
    const lock = this.#lock;
    this.#lock = undefined;
    await lock?.release();
  }

  /** The same backup as it lies there now; one that was replaced since it was listed is another. */
  async #known({ name, started }: DatedBackup): Promise<KnownBackup> {
    const known = await this.#read(name);
    if (known?.description.started === started) return known;
    throw new Fault('snapshot-missing', `the backup ${datedPlace(name)} is not there any more`, {
      context: { backup: datedPlace(name) },
    });
  }

  async #read(name: DatedName): Promise<KnownBackup | undefined> {
    try {
      return await readBackup(this.#places, name, allReadSince(await readSlices(this.#places)));
    } catch (error) {
      if (isFault(error, 'object-missing')) return undefined;
      throw error;
    }
  }

  /** A backup that is about to get this name would take the place of one that somebody reads. */
  async #requireUnread(name: DatedName, { signal }: Run): Promise<void> {
    const { wait = 0, onWait } = this.#options;
    await awaitUnread(this.#places, name, { wait, signal, ...(onWait === undefined ? {} : { onWait }) });
  }

  /** Takes the disk for this process, tidies it, and looks whether it is fit. */
  async #takeDisk(run: Run): Promise<void> {
    if (this.#lock !== undefined) return;
    const { wait = 0, onWait, copies = false } = this.#options;
    const lock = await takeRunLock({
      path: this.#places.path(lockName),
      wait,
      signal: run.signal,
      ...(onWait === undefined ? {} : { onWait }),
    });
    try {
      await prepareDisk(this.#places);
      await removeLeftovers(this.#places, this.#isHeld(run));
      if (!copies && !(await hasHardLinks(this.#places))) throw noHardLinks(this.#places.root);
    } catch (error) {
      await lock.release();
      throw error;
    }
    this.#lock = lock;
  }

  /** What has no description that can be read is held: nobody knows when it began. */
  #isHeld(run: Run): IsHeld {
    return async (name, folder) => {
      const log = await this.holds(run);
      if (standingHolds(log).length === 0) return false;
      try {
        const { started } = await readDescription(`${folder}/${descriptionName}`);
        return (await holdsOn({ place: datedPlace(name), started, folder }, log, run)).length > 0;
      } catch (error) {
        if (isFault(error, 'interrupted', 'internal')) throw error;
        return true;
      }
    };
  }

  #startPool(run: Run): DiskPool {
    const { threads = Math.min(4, availableParallelism()), copies = false } = this.#options;
    return startDiskPool({ threads, copies }, run);
  }
}
