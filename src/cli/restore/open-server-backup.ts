import { join, resolve } from 'node:path';
import type { LoadedConfig } from '../../config/load-config.ts';
import type { ServerBackup } from '../../contract/server-backup.ts';
import { type BackupPlace, parseBackupPlace } from '../../model/backup-place.ts';
import { Fault } from '../../model/fault.ts';
import type { Config } from '../../registry.ts';
import { readBackupFolder } from '../../registry/server.ts';
import { openConfiguration } from '../configuration.ts';
import type { CommandContext } from '../context.ts';
import { withRepository } from '../open-repository.ts';
import { contextOfRepository } from '../run/repository-upkeep.ts';
import { requireDisk } from '../server/find-disk.ts';
import { serverNamed, type ServerJob } from '../server/server-job.ts';
import { folderOnDisk } from './folder-on-disk.ts';
import { snapshotBackup } from './snapshot-backup.ts';

export interface BackupWish {
  /** As `parseBackupPlace` reads it. */
  readonly from: string;
  /** The name of the server; needed where several are configured and the backup does not say it. */
  readonly server: string | undefined;
  /** Also when its description is not as it was written: it does not say where it came from, then. */
  readonly despiteDamage?: boolean;
}

export interface OpenedServer {
  readonly backup: ServerBackup;
  /** The name of the server, from the backup, or from the configuration. */
  readonly name: string;
  /** What the configuration of this machine says of it. */
  readonly job: ServerJob | undefined;
}

type Loaded = LoadedConfig<Config> | undefined;

/** The one server that is meant; undefined when there is no configuration, or none with a server. */
const configuredServer = (loaded: Loaded, wanted: string | undefined): ServerJob | undefined => {
  const names = Object.keys(loaded?.config.servers ?? {});
  const [first] = names;
  if (loaded === undefined || first === undefined) return undefined;
  if (wanted !== undefined) return serverNamed(loaded, wanted);
  if (names.length === 1) return serverNamed(loaded, first);
  throw new Fault('usage', 'the configuration has several servers, and it is not said which one is meant', {
    hint: `Add --server NAME: ${names.join(', ')}.`,
  });
};

/** Of a backup that was found by itself: what it says counts, then what was asked for, then where it lies. */
const describedServer = (loaded: Loaded, backup: ServerBackup, wanted: string | undefined): OpenedServer => {
  const servers = loaded?.config.servers ?? {};
  const holder = Object.keys(servers).find((one) =>
    backup.description.startsWith(`${servers[one]?.disk?.path ?? '\0'}/`),
  );
  const name = wanted ?? backup.origin?.server ?? holder;
  const isKnown = name !== undefined && Object.hasOwn(servers, name);
  const job = loaded === undefined || !isKnown ? undefined : serverNamed(loaded, name);
  return { backup, name: name ?? 'server', job };
};

/** The repository that the command line names, else that of the server. */
export const repositoryContext = (job: ServerJob | undefined, context: CommandContext): CommandContext => {
  const { repo, repositoryFile } = context.options;
  if (job?.entry.repository === undefined || repo !== undefined || repositoryFile !== undefined) return context;
  return contextOfRepository(job.entry.repository, context);
};

const inRepository = <Result>(
  {
    reference,
    server,
    job,
  }: { readonly reference: string; readonly server: string | undefined; readonly job: ServerJob | undefined },
  work: (opened: OpenedServer) => Promise<Result>,
  context: CommandContext,
): Promise<Result> =>
  withRepository(repositoryContext(job, context), (repository) =>
    repository.guarded(async () => {
      const wanted = server ?? job?.name;
      const { backup, name } = await snapshotBackup(repository, { reference, server: wanted }, context.run);
      return work({ backup, name, job: job?.name === name ? job : undefined });
    }, context.run),
  );

/** Nobody takes the backup away meanwhile. */
const inFolder = async <Result>(
  { path, despiteDamage }: { readonly path: string; readonly despiteDamage: boolean },
  work: (backup: ServerBackup) => Promise<Result>,
  { run, messages }: CommandContext,
): Promise<Result> => {
  const { backup, refused, release } = await readBackupFolder(path, { despiteDamage });
  try {
    if (refused !== undefined) run.emit({ kind: 'notice', message: messages.readUnmarked(refused.message) });
    const isDoubtful = backup.origin !== undefined && !backup.isProved;
    if (isDoubtful) run.emit({ kind: 'notice', message: messages.backupUnproved(backup.description) });
    return await work(backup);
  } finally {
    await release();
  }
};

const noDisk = ({ name }: ServerJob): Fault =>
  new Fault('usage', `${name} has no disk, so its backups are in a repository`, {
    hint: 'Give --from repository, or repository:SNAPSHOT; `mailkeep snapshots` lists them.',
  });

const noServer = (): Fault =>
  new Fault('usage', 'no server is configured here, so it is not known where its backups are', {
    hint: 'Give the path of a backup, such as --from /mnt/backup-hdd/mailserver/latest, or --from repository with -r.',
  });

/** Where on the disk of a server a backup lies. Faults: `disk-missing` when another disk is there, `snapshot-missing`. */
const folderOfServer = async (
  place: Extract<BackupPlace, { kind: 'dated' | 'latest' }>,
  job: ServerJob,
  { run }: CommandContext,
): Promise<string> => {
  const { disk } = job.entry;
  if (disk === undefined) throw noDisk(job);
  await requireDisk(disk, run);
  return folderOnDisk(disk.path, place);
};

const homePath = (path: string, { environment }: CommandContext): string =>
  path.startsWith('~/') ? join(environment.home, path.slice(2)) : resolve(path);

/**
 * Opens a backup of a server for as long as `work` lasts: by its date, its folder (which needs no configuration) or its
 * snapshot. Faults: `usage`, `snapshot-missing`, `disk-missing`, those of the repository.
 */
export const withServerBackup = async <Result>(
  { from, server, despiteDamage = false }: BackupWish,
  work: (opened: OpenedServer) => Promise<Result>,
  context: CommandContext,
): Promise<Result> => {
  const place = parseBackupPlace(from);
  const loaded = await openConfiguration(context);
  if (place.kind === 'folder') {
    const path = homePath(place.path, context);
    return inFolder({ path, despiteDamage }, (backup) => work(describedServer(loaded, backup, server)), context);
  }
  const isNamed = context.options.repo !== undefined || context.options.repositoryFile !== undefined;
  const isElsewhere = server !== undefined && loaded?.config.servers[server] === undefined && isNamed;
  const job = isElsewhere ? undefined : configuredServer(loaded, server);
  if (place.kind === 'repository') return inRepository({ reference: place.reference, server, job }, work, context);
  if (place.kind === 'latest' && (job === undefined ? isNamed : job.entry.disk === undefined)) {
    return inRepository({ reference: 'latest', server, job }, work, context);
  }
  if (job === undefined) throw noServer();
  const folder = await folderOfServer(place, job, context);
  return inFolder({ path: folder, despiteDamage }, (backup) => work({ backup, name: job.name, job }), context);
};
