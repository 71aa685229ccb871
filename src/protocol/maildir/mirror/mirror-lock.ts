import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { fateOfProcess, ownProcessStamp, type ProcessStamp } from '../../../system/process-stamp.ts';

export interface MirrorLock {
  release(): Promise<void>;
}

/** One run at a time. A lock whose owner is proven to be over is taken away. Fault `repository-locked`. */
export const lockMirror = async (state: string): Promise<MirrorLock> => {
  const path = join(state, 'lock');
  const own = join(state, `lock.${randomBytes(8).toString('hex')}`);
  try {
    const file = await open(own, 'wx', 0o600);
    await file.writeFile(JSON.stringify(ownProcessStamp() ?? { pid: process.pid }));
    await file.close();
    if (!(await tryLink(own, path))) {
      await breakStale(path);
      if (!(await tryLink(own, path))) throw locked(path);
    }
  } catch (error) {
    throw errnoFault(error, 'lock', state);
  } finally {
    await rm(own, { force: true });
  }
  return { release: () => rm(path, { force: true }) };
};

const locked = (path: string): Fault =>
  new Fault('repository-locked', 'another run is at work on this mirror', {
    hint: `Wait for it; if you are sure that none runs, remove ${path}.`,
    retry: true,
    context: { path },
  });

const tryLink = async (own: string, path: string): Promise<boolean> => {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'EEXIST') return false;
    throw error;
  }
};

const isStamp = (value: unknown): value is ProcessStamp =>
  typeof value === 'object' && value !== null && 'boot' in value && 'start' in value && 'pid' in value;

/** Only one of two that find the same stale lock renames it away; the other finds nothing and tries its luck. */
const breakStale = async (path: string): Promise<void> => {
  let owner: unknown;
  try {
    owner = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return;
    throw locked(path);
  }
  if (!isStamp(owner) || fateOfProcess(owner) !== 'over') throw locked(path);
  const aside = `${path}.${randomBytes(8).toString('hex')}`;
  await rename(path, aside);
  await unlink(aside);
};
