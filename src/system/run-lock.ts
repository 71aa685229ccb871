import { randomBytes } from 'node:crypto';
import { constants, copyFile, link, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Fault } from '../model/fault.ts';
import { sleep } from './clock.ts';
import { errnoCode, errnoFault, knowsNoLinks } from './errno.ts';
import {
  type FoundHolder,
  holderText,
  isHolderDead,
  lookAtHolder,
  ownHolderText,
  type RunHolder,
  showLife,
} from './lock-holder.ts';
import { fateOfProcess, type ProcessFate, type ProcessStamp } from './process-stamp.ts';

export interface RunLockOptions {
  /** The file that is the lock. */
  readonly path: string;
  /** Milliseconds to wait for a run that is under way. */
  readonly wait: number;
  readonly signal: AbortSignal;
  /** Called once, when it has to wait. */
  readonly onWait?: (holder: RunHolder) => void;
  /** Milliseconds between two looks. */
  readonly interval?: number;
  readonly fateOf?: (stamp: ProcessStamp) => ProcessFate;
  /** Gives a file a second name, unless that is taken. */
  readonly giveName?: typeof link;
}

export interface RunLock {
  release(): Promise<void>;
}

/** Takes the lock of a dead run away. Should another have taken it over in between, that one's is put back. */
const removeDead = async (path: string, dead: FoundHolder): Promise<void> => {
  const aside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== dead.text) {
    await link(aside, path).catch(async (error: unknown) => {
      if (errnoCode(error) === 'EEXIST') return;
      if (!knowsNoLinks(error)) throw error;
      await copyFile(aside, path, constants.COPYFILE_EXCL).catch((taken: unknown) => {
        if (errnoCode(taken) !== 'EEXIST') throw taken;
      });
    });
  }
  await rm(aside, { force: true });
};

const temporaryName = /^\.[\da-f]{12}$/;
/** Nobody needs this long from making such a file to writing it. */
const emptyFor = 60_000;

/** What runs that were killed while they took the lock have left beside it. */
const removeLeftovers = async (path: string, fateOf: (stamp: ProcessStamp) => ProcessFate): Promise<void> => {
  const [folder, name] = [dirname(path), basename(path)];
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(name) || !temporaryName.test(entry.slice(name.length))) continue;
    const found = await lookAtHolder(join(folder, entry));
    if (found === undefined) continue;
    if (isHolderDead(found, fateOf) || (found.text === '' && found.silentFor > emptyFor)) {
      await rm(join(folder, entry), { force: true });
    }
  }
};

/** Where a lock cannot be whole from the first moment: who reads half of it takes it for one of a live run. */
const putByHalves = async (path: string, text: string): Promise<void> => {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
};

/** Puts our lock there unless one is there: whole from the first moment, so that nobody reads half of it. */
const put = async (path: string, text: string, giveName: typeof link): Promise<boolean> => {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    try {
      await giveName(temporary, path);
    } catch (error) {
      // Who has got the lock meanwhile may have taken ours for one left behind.
      if (errnoCode(error) === 'ENOENT') return false;
      if (!knowsNoLinks(error)) throw error;
      await putByHalves(path, text);
    }
    return true;
  } catch (error) {
    if (errnoCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
};

const underWay = (holder: RunHolder): Fault => {
  const { pid, since } = holder;
  return new Fault('run-under-way', `another run is under way, ${holderText(holder)}`, {
    hint: 'Wait until it is over, or let this one wait: --wait 3h.',
    retry: true,
    context: { since: Math.round(since), ...(pid === undefined ? {} : { pid }) },
  });
};

const release = async (path: string, text: string): Promise<void> => {
  // It may have been taken over after a long silence (the machine slept).
  const found = await lookAtHolder(path);
  if (found?.text === text) await rm(path, { force: true });
};

/**
 * Takes the lock of a run: a file with the stamp of this process. That of a process which is over is taken over. Faults:
 * `run-under-way` after the wait, `interrupted`, and those of the file system.
 */
export const takeRunLock = async (options: RunLockOptions): Promise<RunLock> => {
  const {
    path,
    wait,
    signal,
    onWait,
    interval = 2000,
    fateOf = (stamp) => fateOfProcess(stamp),
    giveName = link,
  } = options;
  const token = randomBytes(8).toString('hex');
  const text = ownHolderText(token);
  const deadline = performance.now() + wait;
  let told = false;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    while (!(await put(path, text, giveName))) {
      const found = await lookAtHolder(path);
      if (found === undefined) continue;
      if (isHolderDead(found, fateOf)) {
        await removeDead(path, found);
        continue;
      }
      const left = deadline - performance.now();
      if (left <= 0) throw underWay(found.holder);
      if (!told) onWait?.(found.holder);
      told = true;
      await sleep(Math.min(interval, left), signal);
    }
    // Only tidying: who has got the lock has it.
    await removeLeftovers(path, fateOf).catch(() => undefined);
  } catch (error) {
    throw error instanceof Fault ? error : errnoFault(error, 'take the lock', path);
  }
  const stopShowing = showLife(path);
  return {
    release: async () => {
      stopShowing();
      await release(path, text).catch((error: unknown) => {
        throw errnoFault(error, 'release the lock', path);
      });
    },
  };
};
