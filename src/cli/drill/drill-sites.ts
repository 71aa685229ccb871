import type { MissingProgram } from '../../contract/drill.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { type Fault, isFault } from '../../model/fault.ts';
import {
  type ContainerProgram,
  containerSite,
  drillImages,
  type EngineKind,
  type FoundImage,
  type LiveContainer,
} from '../../registry/drill-containers.ts';
import { machineSite, type ProgramSite } from '../../system/program-site.ts';
import type { ServerEntry } from '../server/server-job.ts';
import type { ScratchPlace } from './scratch-place.ts';

/** What it takes to run a program at all: where nothing is said of containers, they come after what is installed. */
export type ContainerSetting = NonNullable<ServerEntry['drill']>['containers'];

export interface SitesWish {
  readonly place: Pick<ScratchPlace, 'noteService' | 'noteContainer'>;
  readonly setting: ContainerSetting;
  /** Of this process: an engine is found by it. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** All that installed programs get. */
  readonly environment: Readonly<Record<string, string>>;
  readonly isRoot: boolean;
}

export interface ProgramWish {
  readonly program: ContainerProgram;
  /** Containers of the live server whose image may have it. */
  readonly live: readonly LiveContainer[];
  /** Makes a folder for an attempt. */
  readonly makeFolder: () => Promise<string>;
  /** What a container sees of this machine besides that folder. */
  readonly folders: readonly string[];
  readonly capabilities: readonly string[];
}

export interface Attempt {
  readonly site: ProgramSite;
  readonly folder: string;
}

/** Starts something where its programs are. Undefined: they are not there. */
export type StartAt<Started> = (attempt: Attempt, run: Run) => Promise<Started | undefined>;

interface Known {
  readonly name: string;
  /** Debian's. */
  readonly package: string;
  readonly image: string;
}

const known: Readonly<Record<ContainerProgram, Known>> = {
  mariadb: { name: 'MariaDB', package: 'mariadb-server', image: 'mariadb:lts' },
  mysql: { name: 'MySQL', package: 'mariadb-server', image: 'mysql:8' },
  postgres: { name: 'PostgreSQL', package: 'postgresql', image: 'postgres' },
  redis: { name: 'Redis', package: 'redis-server', image: 'redis' },
  dovecot: { name: 'Dovecot', package: 'dovecot-imapd', image: 'dovecot/dovecot' },
  sievec: { name: 'sievec', package: 'dovecot-sieve', image: 'dovecot/dovecot' },
};

/** One image may serve for more than one of them. */
const imageSettings: Readonly<Record<ContainerProgram, keyof ContainerSetting['images']>> = {
  mariadb: 'mariadb',
  mysql: 'mariadb',
  postgres: 'postgres',
  redis: 'redis',
  dovecot: 'dovecot',
  sievec: 'dovecot',
};

const settingOf = ({ setting }: SitesWish, program: ContainerProgram): string | undefined =>
  setting.images[imageSettings[program]];

const missing = (sites: SitesWish, program: ContainerProgram, engine: EngineKind | undefined): MissingProgram => {
  const { name, package: packageName, image } = known[program];
  if (engine === undefined) return { kind: 'missing', reason: 'no-program', what: `${name} (${packageName})` };
  const wanted = settingOf(sites, program) ?? image;
  return {
    kind: 'missing',
    reason: 'no-image',
    what: `${name} (apt install ${packageName}; ${engine} pull ${wanted})`,
  };
};

const startOnMachine = async <Started>(
  sites: SitesWish,
  { makeFolder }: ProgramWish,
  start: StartAt<Started>,
  run: Run,
): Promise<Started | undefined> => start({ site: machineSite(sites.environment), folder: await makeFolder() }, run);

const startInImage = async <Started>(
  { engine, id, image }: FoundImage,
  { sites, wish, start }: { readonly sites: SitesWish; readonly wish: ProgramWish; readonly start: StartAt<Started> },
  run: Run,
): Promise<Started | undefined> => {
  const folder = await wish.makeFolder();
  const { place, isRoot } = sites;
  const folders = [folder, ...wish.folders];
  const container = { engine, id, image, folders, capabilities: wish.capabilities, isRoot, ...place };
  const site = await containerSite(container, run);
  let started: Started | undefined;
  try {
    started = await start({ site, folder }, run);
    return started;
  } finally {
    if (started === undefined) await site.close();
  }
};

interface NotStarted {
  readonly kind: 'not-started';
  /** Undefined: there is none. */
  readonly engine: EngineKind | undefined;
}

const isNotStarted = (one: object): one is NotStarted => 'kind' in one && one.kind === 'not-started';

const startInContainer = async <Started extends object>(
  sites: SitesWish,
  wish: ProgramWish,
  start: StartAt<Started>,
  run: Run,
): Promise<Started | NotStarted> => {
  const { program, live } = wish;
  const { setting, variables } = sites;
  const image = settingOf(sites, program);
  const found = await drillImages({ program, image, live, engine: setting.engine }, variables, run);
  let refused: Fault | undefined;
  for (const one of found?.images ?? []) {
    throwIfInterrupted(run);
    try {
      const started = await startInImage(one, { sites, wish, start }, run);
      if (started !== undefined) return started;
    } catch (error) {
      // Another image may do.
      if (!isFault(error, 'server-unavailable')) throw error;
      refused ??= error;
    }
  }
  if (refused !== undefined) throw refused;
  return { kind: 'not-started', engine: found?.engine };
};

/**
 * Starts a program of a drill: where it is installed, else out of an image that is on this machine; the other way round where that is
 * preferred. Faults: `server-unavailable` when it does not come up, those of `start`.
 */
export const startSomewhere = async <Started extends object>(
  sites: SitesWish,
  wish: ProgramWish,
  start: StartAt<Started>,
  run: Run,
): Promise<Started | MissingProgram> => {
  const { use } = sites.setting;
  const first = use === 'prefer' ? undefined : await startOnMachine(sites, wish, start, run);
  if (first !== undefined) return first;
  const none: NotStarted = { kind: 'not-started', engine: undefined };
  const contained = use === 'never' ? none : await startInContainer(sites, wish, start, run);
  if (!isNotStarted(contained)) return contained;
  const last = use === 'prefer' ? await startOnMachine(sites, wish, start, run) : undefined;
  return last ?? missing(sites, wish.program, contained.engine);
};
