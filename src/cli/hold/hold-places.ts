import type { DatedBackup } from '../../contract/component.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { datedPlace } from '../../model/dated-name.ts';
import type { HoldEntry, HoldLog } from '../../model/hold.ts';
import { formatHoldLine } from '../../model/hold-line.ts';
import { isNote } from '../../model/snapshot.ts';
import { type Config } from '../../registry.ts';
import { datedStoreAt } from '../../registry/server.ts';
import type { SnapshotFile } from '../../store/restic/format/snapshot-format.ts';
import { openConfiguration } from '../configuration.ts';
import type { CommandContext } from '../context.ts';
import { withRepository } from '../open-repository.ts';
import { contextOfRepository } from '../run/repository-upkeep.ts';
import { findDisk } from '../server/find-disk.ts';
import { serversNamed } from '../server/server-job.ts';
import { locationName } from '../run/location-name.ts';
import { diskHoldTrust } from './disk-hold-trust.ts';

/** A repository or a dated disk, open, as the commands of holds see it. */
export interface HoldPlace {
  readonly name: string;
  readonly log: HoldLog;
  readonly snapshots: readonly SnapshotFile[];
  readonly days: readonly DatedBackup[];
  add(entries: readonly HoldEntry[]): Promise<HoldLog>;
  /** What is held there, by the ids of holds: ids of snapshots, places of days. */
  held(log: HoldLog): Promise<ReadonlyMap<string, readonly string[]>>;
}

/** Where holds may be, before it is opened. */
export interface HoldAddress {
  readonly kind: 'repository' | 'disk';
  readonly name: string;
  /** Of the server, for a disk. */
  readonly server?: string;
  open<Result>(work: (place: HoldPlace) => Promise<Result>): Promise<Result>;
}

const byHold = (found: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, readonly string[]> => {
  const holds = new Map<string, string[]>();
  for (const [what, ids] of found) {
    for (const id of ids) holds.set(id, [...(holds.get(id) ?? []), what]);
  }
  return holds;
};

const repositoryAddress = (name: string, context: CommandContext): HoldAddress => ({
  kind: 'repository',
  name,
  open: (work) =>
    withRepository(context, async (repository) => {
      const [{ addHoldEntries, loadHoldLog }, { heldAmong }, { loadAllSnapshots }] = await Promise.all([
        import('../../store/restic/holds/hold-notes.ts'),
        import('../../store/restic/holds/held-snapshots.ts'),
        import('../../store/restic/snapshots/load-snapshots.ts'),
      ]);
      const { run } = context;
      return repository.locked(
        'shared',
        async () => {
          const all = await loadAllSnapshots(repository, run);
          const log = await loadHoldLog(repository, all, run);
          return work({
            name,
            log,
            snapshots: all.filter((snapshot) => !isNote(snapshot)),
            days: [],
            add: async (entries) => {
              await addHoldEntries(repository, entries, { log, format: formatHoldLine }, run);
              return loadHoldLog(repository, await loadAllSnapshots(repository, run), run);
            },
            held: async (now) =>
              byHold(
                await heldAmong(
                  repository,
                  all.filter((one) => !isNote(one)),
                  now,
                  run,
                ),
              ),
          });
        },
        run,
      );
    }),
});

const diskAddress = (
  server: string,
  disk: NonNullable<Config['servers'][string]['disk']>,
  { config }: LoadedConfig<Config>,
  context: CommandContext,
): HoldAddress => ({
  kind: 'disk',
  name: disk.path,
  server,
  open: async (work) => {
    const { run } = context;
    await findDisk(disk, run);
    const holdTrust = diskHoldTrust(config, context);
    const store = await datedStoreAt({ disk, timeZone: config.timeZone, wait: 0, holdTrust });
    try {
      const [days, log] = [await store.backups(run), await store.holds(run)];
      return await work({
        name: disk.path,
        log,
        snapshots: [],
        days,
        add: async (entries) => {
          const signed: { text: string; entry: HoldEntry }[] = [];
          for (const entry of entries) {
            signed.push({ text: (await holdTrust.sign(formatHoldLine(entry))).trimEnd(), entry });
          }
          await store.addHolds(signed, run);
          return store.holds(run);
        },
        held: async () => {
          const found = new Map(await store.heldAside(run));
          for (const day of days) found.set(datedPlace(day.name), await store.holdsOn(day, run));
          return byHold(found);
        },
      });
    } finally {
      await store.close();
    }
  },
});

/**
 * Where holds are looked for and put: the repository that is named; otherwise every repository and every disk of the
 * configuration; without one, the repository that is meant when none is named.
 */
export const holdAddresses = async (context: CommandContext): Promise<readonly HoldAddress[]> => {
  const { options, environment } = context;
  const named = options.repo ?? options.repositoryFile ?? environment.repository ?? environment.repositoryFile;
  if (named !== undefined) return [repositoryAddress(locationName(named), context)];
  const loaded = await openConfiguration(context);
  if (loaded === undefined) return [repositoryAddress('default', context)];
  const repositories = Object.keys(loaded.config.repositories).map((name) =>
    repositoryAddress(name, contextOfRepository(name, context)),
  );
  const disks = serversNamed(loaded, undefined).flatMap(({ name, entry }) =>
    entry.disk === undefined ? [] : [diskAddress(name, entry.disk, loaded, context)],
  );
  const found = [...repositories, ...disks];
  return found.length === 0 ? [repositoryAddress('default', context)] : found;
};
