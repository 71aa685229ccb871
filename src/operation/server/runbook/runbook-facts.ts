import type { MachineRecord } from '../../../contract/machine-record.ts';

/** A backup of a server as far as its recovery needs it: plain data, found out by `gatherFacts`. Bytes as the source has them. */
export interface RunbookFacts {
  /** The server's name in the configuration. */
  readonly server: string;
  readonly where: BackupSite;
  /** Milliseconds since 1970: when its capture began. */
  readonly started: number;
  readonly isComplete: boolean;
  /** All files were read back without a difference since then. */
  readonly verified: number | undefined;
  readonly machine: MachineRecord | undefined;
  /** In the order in which they are brought back. */
  readonly components: readonly RunbookComponent[];
  /** Whoever owns files, the superuser left out. */
  readonly owners: readonly RunbookOwner[];
  readonly compose: ComposeFile | undefined;
  /** How the services are started, where the backup says it. */
  readonly start: ServiceStart | undefined;
  readonly signs: SignsOfLife;
}

export type ServiceStart =
  | { readonly kind: 'compose'; readonly file: string }
  | { readonly kind: 'systemd'; readonly units: readonly string[] }
  | { readonly kind: 'command'; readonly words: readonly string[] };

/** Where the backup lies. */
export type BackupSite =
  | {
      readonly kind: 'disk';
      /** Absolute path of the backup's own folder. */
      readonly folder: string;
      /** The file system that it is on; undefined where it needs no mounting, or is not known. */
      readonly disk: BackupDisk | undefined;
    }
  | { readonly kind: 'repository'; readonly location: string; readonly snapshot: string };

export interface BackupDisk {
  readonly uuid: string | undefined;
  /** `ext4`, `nfs4` … */
  readonly type: string;
  readonly device: string;
  readonly mountPoint: string;
}

export type RunbookComponent = FilesOfComponent | DatabaseOfComponent;

interface ComponentFacts {
  readonly name: string;
  readonly files: number;
  readonly bytes: number;
  /** Milliseconds that its capture took; undefined where nothing knows. */
  readonly captured: number | undefined;
  /** What was measured of it: so many bytes were written in so many milliseconds. */
  readonly measured: { readonly bytes: number; readonly duration: number } | undefined;
}

export interface FilesOfComponent extends ComponentFacts {
  readonly kind: 'files';
  readonly form: 'tree' | 'archive';
  readonly places: readonly RunbookPlace[];
}

/** A folder or a file at the root of a component. */
export interface RunbookPlace {
  /** In the backup. */
  readonly name: string;
  /** Absolute path on the server; undefined where the backup does not say. */
  readonly to: string | undefined;
  readonly kind: 'folder' | 'file';
  readonly look: OwnerLook | undefined;
}

export interface OwnerLook {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits. */
  readonly mode: number;
}

export interface DatabaseOfComponent extends ComponentFacts {
  readonly kind: 'database';
  readonly database: 'mariadb' | 'mysql' | 'postgres' | 'sqlite' | 'redis';
  /** As its dumps say it: `10.11.14-MariaDB`. */
  readonly version: string | undefined;
  readonly site: DatabaseSite;
  readonly dumps: readonly RunbookDump[];
  /** The file of users or roles, if there is one. */
  readonly accounts: string | undefined;
}

/** How the programs of a database reach it. */
export interface DatabaseSite {
  readonly place:
    | { readonly kind: 'docker' | 'podman'; readonly container: string }
    | { readonly kind: 'compose'; readonly file: string; readonly service: string }
    | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly socket: string | undefined;
  readonly systemUser: string | undefined;
  /** Of SQLite: paths by names. Of Redis: the file that the server reads. */
  readonly files: Readonly<Record<string, string>>;
}

export interface RunbookDump {
  /** Its name in the component, without what the disk adds: `usermgmt.sql`. */
  readonly file: string;
  readonly database: string;
  readonly characterSet: string | undefined;
  readonly collation: string | undefined;
  readonly owner: string | undefined;
}

export interface RunbookOwner {
  readonly uid: number;
  readonly gid: number;
  /** Empty where the machine knew no name. */
  readonly user: string;
  readonly group: string;
}

/** The compose file of the server, where it is part of the backup. */
export interface ComposeFile {
  /** Where it lies on the server. */
  readonly path: string;
  /** Services by the names of their containers. */
  readonly services: Readonly<Record<string, string>>;
}

/** By what it is seen that the server lives again. Paths are those on the server. */
export interface SignsOfLife {
  readonly certificates: readonly string[];
  readonly keys: readonly { readonly domain: string; readonly selector: string; readonly path: string }[];
  /** Domains that have mail. */
  readonly domains: readonly string[];
  /** Somebody who has mail: `alice@example.com`. */
  readonly person: string | undefined;
}
