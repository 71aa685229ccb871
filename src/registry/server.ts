import type { Component, DatedStore } from '../contract/component.ts';
import type { Run } from '../contract/run.ts';
import type { ServerBackup } from '../contract/server-backup.ts';
import type { ServerOrigin } from '../contract/server-origin.ts';
import type { Survey } from '../protocol/server/survey-places.ts';
import type { AccountParts, Config } from '../registry.ts';

/* What a server of the configuration consists of; imported when it is asked for. */

type ServerEntry = Config['servers'][string];
export type ComponentSetting = ServerEntry['components'][string];

export interface ComponentParts extends Pick<AccountParts, 'readSecret'> {
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
}

/** The dated disk of a server. Nothing is touched yet. */
export const datedStoreAt = async ({ disk, timeZone, wait, origin }: DatedStoreWish): Promise<DatedStore> => {
  const [{ openDatedStore }, { loadPosix }] = await Promise.all([
    import('../store/dated/dated-store.ts'),
    import('../system/posix.ts'),
  ]);
  return openDatedStore({
    root: disk.path,
    copies: disk.withoutHardLinks === 'copy',
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(origin === undefined ? {} : { origin }),
    wait,
    posix: await loadPosix(),
  });
};

/** Where the components of a server come from, as its backups say it of themselves. */
export const originOf = async (
  { root, components }: Pick<ServerEntry, 'root' | 'components'>,
  { server, host }: { readonly server: string; readonly host: string },
): Promise<ServerOrigin> => {
  const [{ placesOf }, { formOf }, { recordedSetting }] = await Promise.all([
    import('../protocol/server/files-component.ts'),
    import('../config/server-setting.ts'),
    import('../protocol/database/recorded-setting.ts'),
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
  };
};

/** A backup on a dated disk by its folder. Faults: `snapshot-missing`, those of the file system. */
export const backupFolderAt = async (folder: string): Promise<ServerBackup> => {
  const { openBackupFolder } = await import('../store/dated/backup-folder.ts');
  return openBackupFolder(folder);
};
