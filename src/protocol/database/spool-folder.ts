import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Run } from '../../contract/run.ts';
import { errnoFault } from '../../system/errno.ts';
import { fateOfProcess, ownProcessStamp } from '../../system/process-stamp.ts';

/** A folder for temporary files of one run, 0700. */
export interface SpoolFolder {
  readonly path: string;
  /** With all that is in it. */
  remove(): Promise<void>;
}

const prefix = 'dump-';
const ownerFile = 'owner.json';
/** After which a folder is a leftover whose owner cannot be asked for: it was killed before it said who it was, or elsewhere. */
const unknownAge = 7n * 86_400_000_000_000n;

const ownerFormat = z.object({
  pid: z.number(),
  start: z.string(),
  boot: z.string(),
  namespace: z.string(),
  machine: z.string(),
});

/** Makes one below `root`, which is made when needed, after the leftovers of dead runs are removed. Faults as `errnoFault`. */
export const openSpoolFolder = async (root: string, run: Run): Promise<SpoolFolder> => {
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await sweep(root, run);
    const path = await mkdtemp(join(root, prefix));
    const stamp = ownProcessStamp();
    if (stamp !== undefined) await writeFile(join(path, ownerFile), JSON.stringify(stamp), { mode: 0o600 });
    return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
  } catch (error) {
    throw errnoFault(error, 'make a folder for dumps in', root);
  }
};

const sweep = async (root: string, run: Run): Promise<void> => {
  for (const name of await readdir(root)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(root, name);
    if (await isLeftOver(path, run)) await rm(path, { recursive: true, force: true });
  }
};

const isLeftOver = async (path: string, run: Run): Promise<boolean> => {
  try {
    const owner = ownerFormat.safeParse(JSON.parse(await readFile(join(path, ownerFile), 'utf8')));
    if (owner.success && fateOfProcess(owner.data) !== 'unknown') return fateOfProcess(owner.data) === 'over';
  } catch {
    // It has no owner yet, or half of one: only its age tells.
  }
  const age = await stat(path, { bigint: true }).catch(() => undefined);
  return age !== undefined && run.now() - age.mtimeNs > unknownAge;
};
