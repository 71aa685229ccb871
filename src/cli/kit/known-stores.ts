import { resolve } from 'node:path';
import type { LoadedConfig } from '../../config/load-config.ts';
import type { Config } from '../../registry.ts';
import type { Repository } from '../../store/restic/repository.ts';
import type { Run } from '../../contract/run.ts';
import type { CommandContext } from '../context.ts';
import { passwordOf, repositoryAccess, withRepository } from '../open-repository.ts';
import { locationName } from '../run/location-name.ts';
import { contextOfRepository } from '../run/repository-upkeep.ts';

/** A repository as a kit describes it. */
export interface KnownRepository {
  readonly name: string;
  readonly location: string;
  readonly id: string;
  /** Beginnings of the ids of its keys. */
  readonly keys: readonly string[];
  /** `config` and `keys/…` as they lie there, sealed. */
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
  readonly password: string;
}

/** A dated disk. */
export interface KnownDisk {
  readonly server: string;
  readonly path: string;
  readonly mounts: readonly { readonly uuid?: string | undefined; readonly marker?: string | undefined }[];
}

const sealedFiles = async ({ session }: Repository, run: Run): Promise<KnownRepository['files']> => {
  const { backend } = session;
  const files = [{ path: 'config', bytes: await backend.load({ kind: 'config', name: '' }, undefined, run) }];
  for await (const page of backend.list('key', run)) {
    for (const { name } of page) {
      files.push({ path: `keys/${name}`, bytes: await backend.load({ kind: 'key', name }, undefined, run) });
    }
  }
  return files;
};

/** As it is typed on another machine: whole, and without a password. */
export const shownLocation = (location: string): string =>
  /^[a-z0-9]+:/i.test(location) ? locationName(location) : resolve(location);

const describe = async (name: string, context: CommandContext): Promise<KnownRepository> => {
  const access = await repositoryAccess(context);
  const password = await passwordOf(access, context);
  const { location } = access;
  return withRepository(context, async (repository) => {
    const files = await sealedFiles(repository, context.run);
    const keys = files.flatMap(({ path }) => (path.startsWith('keys/') ? [path.slice(5, 13)] : []));
    return { name, location: shownLocation(location), id: repository.id, keys, files, password };
  });
};

/** Where backups are, as this machine knows. Every repository is opened: a kit must not name one that does not open. */
export const knownStores = async (
  loaded: LoadedConfig<Config> | undefined,
  context: CommandContext,
): Promise<{ readonly repositories: readonly KnownRepository[]; readonly disks: readonly KnownDisk[] }> => {
  const named = context.options.repo ?? context.options.repositoryFile ?? context.environment.repository;
  const names = named === undefined ? Object.keys(loaded?.config.repositories ?? {}) : [];
  const disks = Object.entries(loaded?.config.servers ?? {}).flatMap(([server, { disk }]): KnownDisk[] =>
    disk === undefined ? [] : [{ server, path: disk.path, mounts: disk.mounts }],
  );
  const repositories: KnownRepository[] = [];
  for (const name of names) repositories.push(await describe(name, contextOfRepository(name, context)));
  if (names.length === 0 && (disks.length === 0 || named !== undefined)) {
    repositories.push(await describe('repository', context));
  }
  return { repositories, disks };
};
