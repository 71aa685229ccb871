import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { succeed } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';

/** A repository of stock restic in a folder of its own, to compare with. */
export interface ResticRepository {
  /** Runs restic on it and resolves to what it printed. */
  run(args: readonly string[], cwd?: string): Promise<string>;
  /** The JSON of every tree in it. */
  trees(): Promise<string[]>;
}

/** Makes a repository with restic 0.19. `timeZone` is that of all its runs. */
export async function createResticRepository(folder: string, timeZone: string): Promise<ResticRepository> {
  const restic = await resticBinary('0.19');
  await mkdir(folder, { recursive: true });
  const env = {
    PATH: '/usr/bin:/bin',
    TZ: timeZone,
    RESTIC_REPOSITORY: join(folder, 'repository'),
    RESTIC_PASSWORD: 'only a test',
  };
  const run = (args: readonly string[], cwd = folder): Promise<string> =>
    succeed(restic, ['--no-cache', '--quiet', ...args], { cwd, env });
  await run(['init']);
  return {
    run,
    trees: async () => {
      const blobs = await run(['list', 'blobs']);
      const trees: string[] = [];
      for (const match of blobs.matchAll(/^tree ([0-9a-f]{64})$/gm))
        trees.push(await run(['cat', 'blob', match[1] ?? '']));
      return trees;
    },
  };
}
