import type { StopSetting } from '../config/stop-setting.ts';
import type { Component, DatedBackup, DatedStore } from '../contract/component.ts';
import type { DatabaseTarget } from '../contract/database-target.ts';
import type { HoldTrust } from '../model/hold-trust.ts';
import type { Run } from '../contract/run.ts';
import type { ServerBackup } from '../contract/server-backup.ts';
import type { ServerOrigin } from '../contract/server-origin.ts';
import type { Services } from '../contract/services.ts';
import type { DatabaseSetting } from '../protocol/database/config.ts';
import type { DatabaseParts, DumpParts } from '../protocol/database/parts.ts';
import type { Survey } from '../protocol/server/survey-places.ts';
import type { OpeningOptions } from '../store/dated/backup-folder.ts';
import type { Reading } from '../store/dated/reading.ts';
import type { AccountParts, Config } from '../registry.ts';

/* What a server of the configuration consists of; imported when it is asked for. */

type ServerEntry = Config['servers'][string];
export type ComponentSetting = ServerEntry['components'][string];

export interface ComponentParts extends Pick<AccountParts, 'readSecret'> {
  readonly words: DumpParts['words'];
  /** Of the server. */
  readonly root: string | undefined;
  /** Of the process, for programs that are started. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Below it dumps lie until they are known whole, where they are not captured onto a disk. */
  readonly spool: string;
  readonly place: 'disk' | 'repository';
  /** Mail folders that seem unchanged may be taken over unread. */
  readonly takesOver: boolean;
  /** Look at every message. */
  readonly rescan: boolean;
}

/** A component of a server. Nothing is opened yet. */
export const componentsOf = async (
  components: ServerEntry['components'],
  { root, place, takesOver, rescan, ...parts }: ComponentParts,
): Promise<readonly Component[]> => {
  const [{ filesComponent, placesOf }, { formOf }, { databaseComponent }, { spooled }] = await Promise.all([
    import('../protocol/server/files-component.ts'),
    import('../config/server-setting.ts'),
    import('../protocol/database/component.ts'),
    import('../protocol/database/spooled.ts'),
  ]);
  return Object.entries(components).map(([name, setting]): Component => {
    if (setting.kind === 'files') {
      const { exclude, form } = setting;
      const places = placesOf(setting, root);
      return filesComponent({ name, form: formOf(name, form), places, exclude, takesOver, rescan });
    }
    const database = databaseComponent(name, setting.setting, parts);
    // A hidden day on a disk can be thrown away; what a repository has got it keeps.
    return place === 'disk' ? database : spooled(database, parts.spool);
  });
};

/** What lies in the folders and files of a server, and what of it this user cannot read. */
export const surveyOf = async ({ root, components }: ServerEntry, run: Run): Promise<Survey> => {
  const [{ placesOf }, { surveyPlaces }] = await Promise.all([
    import('../protocol/server/files-component.ts'),
    import('../protocol/server/survey-places.ts'),
  ]);
  const places = Object.values(components).flatMap((setting) =>
    setting.kind === 'files' ? [...placesOf(setting, root).values()] : [],
  );
  return surveyPlaces(places, run);
};

export interface DatedStoreWish {
  readonly disk: NonNullable<ServerEntry['disk']>;
  readonly timeZone: string | undefined;
  /** Milliseconds to wait for another program on the disk. */
  readonly wait: number;
  /** Where what is backed up on it comes from; needed to write. */
  readonly origin?: ServerOrigin;
  /** By whose word holds end; without it, by nobody's. */
  readonly holdTrust?: HoldTrust;
}

/** The dated disk of a server. Nothing is touched yet. */
export const datedStoreAt = async ({
  disk,
  timeZone,
  wait,
  origin,
  holdTrust,
}: DatedStoreWish): Promise<DatedStore> => {
  const [{ openDatedStore }, { loadPosix }] = await Promise.all([
    import('../store/dated/dated-store.ts'),
    import('../system/posix.ts'),
  ]);
  return openDatedStore({
    root: disk.path,
    copies: disk.withoutHardLinks === 'copy',
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(origin === undefined ? {} : { origin }),
    ...(holdTrust === undefined ? {} : { holdTrust }),
    wait,
    posix: await loadPosix(),
  });
};

/** Every backup below the root of a dated disk, oldest first. Nothing is written. */
export const backupsBelow = async (root: string, run: Run): Promise<readonly DatedBackup[]> => {
  const { openDatedStore } = await import('../store/dated/dated-store.ts');
  const store = openDatedStore({ root, posix: undefined });
  try {
    return await store.backups(run);
  } finally {
    await store.close();
  }
};

/** Where the components of a server come from, as its backups say it of themselves. */
export const originOf = async (
  { root, components, stop }: Pick<ServerEntry, 'root' | 'components' | 'stop'>,
  { server, host }: { readonly server: string; readonly host: string },
): Promise<ServerOrigin> => {
  const [{ placesOf }, { formOf }, { recordedSetting }, { recordedStop }] = await Promise.all([
    import('../protocol/server/files-component.ts'),
    import('../config/server-setting.ts'),
    import('../protocol/database/recorded-setting.ts'),
    import('../config/stop-setting.ts'),
  ]);
  return {
    server,
    host,
    ...(root === undefined ? {} : { root }),
    components: Object.entries(components).map(([name, setting]) =>
      setting.kind === 'files'
        ? { name, form: formOf(name, setting.form), places: Object.fromEntries(placesOf(setting, root)) }
        : { name, form: 'dump' as const, places: {}, database: recordedSetting(setting.setting) },
    ),
    ...(stop === undefined ? {} : { stop: recordedStop(stop) }),
  };
};

/** A backup on a dated disk by its folder. Faults: `snapshot-missing`, those of the file system. */
export const backupFolderAt = async (folder: string): Promise<ServerBackup> => {
  const { openBackupFolder } = await import('../store/dated/backup-folder.ts');
  return openBackupFolder(folder);
};

/** Likewise, and nobody removes, replaces or mends it until `release`. */
export const readBackupFolder = async (folder: string, options: OpeningOptions): Promise<Reading> => {
  const { beginReading } = await import('../store/dated/reading.ts');
  return beginReading(folder, options);
};

/** Where what lies at the root of a component is, by its name there; none for one that the configuration does not have. */
export const placesOfComponent = async (
  { root, components }: Pick<ServerEntry, 'root' | 'components'>,
  name: string,
): Promise<ReadonlyMap<string, string>> => {
  const setting = Object.hasOwn(components, name) ? components[name] : undefined;
  if (setting?.kind !== 'files') return new Map();
  const { placesOf } = await import('../protocol/server/files-component.ts');
  return placesOf(setting, root);
};

/** How a database was reached, as a backup says it. Fault `unsupported`. */
export const recordedDatabase = async (record: Readonly<Record<string, unknown>>): Promise<DatabaseSetting> => {
  const { settingOfRecord } = await import('../protocol/database/recorded-setting.ts');
  return settingOfRecord(record);
};

/** Whether a database is loaded while it runs; the others must be at rest. A Redis in a container is stopped and started by its own restore. */
export const mustRunToRestore = (setting: DatabaseSetting): boolean =>
  setting.database === 'redis' ? setting.in !== undefined : setting.database !== 'sqlite';

export interface DatabaseTargetWish {
  readonly parts: DatabaseParts;
  /** Whether what is there may be removed before the new is in its place, where nothing else is possible. */
  readonly replace: boolean;
}

/** Where the dumps of a database are brought back to. Faults of `ReadSecret`. */
export const databaseTargetOf = async (
  setting: DatabaseSetting,
  { parts, replace }: DatabaseTargetWish,
  run: Run,
): Promise<DatabaseTarget> => {
  const { databaseTarget } = await import('../protocol/database/restore/database-target.ts');
  return databaseTarget(setting, { parts, options: { replace, users: true } }, run);
};

export interface ServicesWish {
  readonly stop: StopSetting;
  /** Of the databases of the server. */
  readonly databases: readonly DatabaseSetting[];
  /** Of the process, for programs that are started. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** What a restore stops and starts. Nothing is asked yet. */
export const servicesOf = async ({ stop, databases, variables }: ServicesWish): Promise<Services> => {
  switch (stop.kind) {
    case 'compose': {
      const { composeServices } = await import('../protocol/services/compose-services.ts');
      const running = databases.filter(mustRunToRestore).flatMap(nameOfPlace);
      return composeServices({ ...stop.value, services: stop.value.services, databases: running }, variables);
    }
    case 'systemd': {
      const { systemdServices } = await import('../protocol/services/systemd-services.ts');
      return systemdServices(stop.value, variables);
    }
    case 'commands': {
      const { commandServices } = await import('../protocol/services/command-services.ts');
      return commandServices(stop.value, variables);
    }
  }
};

/** The container or the service that a database is in. */
const nameOfPlace = (setting: DatabaseSetting): readonly string[] => {
  if (setting.database === 'sqlite' || setting.in === undefined) return [];
  return [setting.in.kind === 'compose' ? setting.in.value.service : setting.in.value];
};

/** What the backup wants stopped. Fault `unsupported`. */
export const recordedServices = async (record: Readonly<Record<string, unknown>>): Promise<StopSetting> => {
  const { stopOfRecord } = await import('../config/stop-setting.ts');
  return stopOfRecord(record);
};
