import { spawn } from 'node:child_process';
import { access, constants, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Fault } from '../../model/fault.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { runProgram } from '../../system/run-program.ts';
import type { CommandContext } from '../context.ts';

export interface KitDrill {
  /** A kit: a folder, or one file. */
  readonly kit: string;
  /** Of `drill`, without `--kit` and what says where things are on this machine. */
  readonly parameters: readonly string[];
}

/** What a machine has on which nobody has set up anything. */
const barePath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const damaged = (kit: string, message: string): Fault =>
  new Fault('verification-failed', `the kit ${kit} is not what was written: ${message}`, {
    hint: 'Write a new one: `mailkeep kit`.',
    context: { path: kit },
  });

/** Has a copy of the kit in `folder`, of which every checksum is right. */
const takeKit = async (kit: string, folder: string, { run }: CommandContext): Promise<void> => {
  const environment = { PATH: barePath };
  if ((await statOf(kit)).isDirectory()) await cp(kit, folder, { recursive: true });
  else {
    const parameters = [kit, 'unpack', folder];
    const unpacked = await runProgram({ program: 'sh', parameters, environment, signal: run.signal });
    if (unpacked?.code !== 0) throw damaged(kit, unpacked?.stderr.trim() ?? 'there is no shell');
  }
  const check = 'cd "$1" && sha256sum --check --quiet checksums.sha256';
  const parameters = ['-c', check, 'sh', folder];
  const checked = await runProgram({ program: 'sh', parameters, environment, signal: run.signal });
  if (checked?.code !== 0) throw damaged(kit, checked?.stderr.trim() ?? 'there is no shell');
};

const statOf = async (kit: string) => {
  try {
    return await stat(kit);
  } catch (error) {
    throw errnoFault(error, 'look at', kit, { ENOENT: 'usage' });
  }
};

const requireProgram = async (kit: string, folder: string): Promise<void> => {
  try {
    await access(join(folder, 'program/mailkeep'), constants.X_OK);
  } catch {
    throw new Fault('usage', `the kit ${kit} has no program, so nothing can be done with it alone`, {
      hint: 'Write it with --out FILE, or with --with-program.',
      context: { path: kit },
    });
  }
};

/** Puts a password where the configuration of the kit looks for those that it does not hold. */
const placePassword = async (folder: string, file: string): Promise<void> => {
  const password = await readFile(file);
  await mkdir(join(folder, 'secrets'), { recursive: true, mode: 0o700 });
  for (const name of await namesIn(join(folder, 'repositories'))) {
    try {
      await writeFile(join(folder, 'secrets', `${name}.password`), password, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw error;
    }
  }
};

const namesIn = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw error;
  }
};

/** Its exit code; what it says goes where ours would. */
const startedWith = (folder: string, parameters: readonly string[], context: CommandContext): Promise<number> =>
  new Promise((done, reject) => {
    const { environment, run } = context;
    const env = { PATH: barePath, HOME: join(folder, 'home'), MAILKEEP_LANG: environment.language };
    const child = spawn(join(folder, 'kit/open.sh'), parameters, { env, stdio: 'inherit' });
    const stop = (): void => {
      child.kill('SIGTERM');
    };
    run.signal.addEventListener('abort', stop, { once: true });
    child.on('error', reject);
    child.on('close', (code) => {
      run.signal.removeEventListener('abort', stop);
      done(code ?? 130);
    });
  });

/**
 * Does a drill with nothing but what a kit holds: its program, its configuration, its passwords; an empty home, and none of the variables of
 * this machine. A password that the kit does not hold is that of `--password-file`. Faults: `usage`, `verification-failed`, those of files.
 */
export const drillWithKit = async ({ kit, parameters }: KitDrill, context: CommandContext): Promise<number> => {
  const { passwordFile } = context.options;
  const folder = await mkdtemp('/var/tmp/mailkeep-kit-');
  const place = join(folder, 'kit');
  try {
    await mkdir(join(folder, 'home'), { mode: 0o700 });
    await takeKit(resolve(kit), place, context);
    await requireProgram(kit, place);
    if (passwordFile !== undefined) await placePassword(place, resolve(passwordFile));
    return await startedWith(folder, parameters, context);
  } catch (error) {
    throw error instanceof Fault ? error : errnoFault(error, 'use', kit);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
