import { spawn } from 'node:child_process';
import { access, constants, cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { openHistory } from '../../catalog/history.ts';
import { interrupted } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import type { RunRecord } from '../../model/run-record.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { runProgram } from '../../system/run-program.ts';
import { clearLeftFolders, makeScratchFolder, type ScratchFolder } from '../../system/scratch-folder.ts';
import type { CommandContext } from '../context.ts';
import { exitCode } from '../exit-code.ts';
import type { RunTally } from '../run/recorded-run.ts';

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

interface KitPlace {
  /** The kit's copy. */
  readonly kit: string;
  readonly home: string;
  readonly noteService: ScratchFolder['noteService'];
}

/** Its exit code; what it says goes where ours would. */
const startedWith = (
  { kit, home, noteService }: KitPlace,
  parameters: readonly string[],
  { environment, run }: CommandContext,
): Promise<number> =>
  new Promise((done, reject) => {
    const env = { PATH: barePath, HOME: home, MAILKEEP_LANG: environment.language };
    const child = spawn(join(kit, 'open.sh'), parameters, { env, stdio: 'inherit' });
    if (child.pid !== undefined) noteService(child.pid).catch(reject);
    const stop = (): void => {
      child.kill('SIGTERM');
    };
    run.signal.addEventListener('abort', stop, { once: true });
    child.on('error', reject);
    child.on('close', (code) => {
      run.signal.removeEventListener('abort', stop);
      done(code ?? exitCode.interrupted);
    });
  });

/** What the kit's program has put into the history of its own home; undefined when its drill did not begin. */
const recordIn = async (home: string, { run }: CommandContext): Promise<RunRecord | undefined> => {
  const path = join(home, '.local/state/mailkeep/history.sqlite');
  try {
    await access(path);
  } catch {
    return undefined;
  }
  const history = await openHistory(path, run);
  try {
    const [newest] = history.runs({ last: 1 });
    return newest?.kind === 'finished' ? newest.record : undefined;
  } finally {
    history.close();
  }
};

/** Takes over what was found; a Fault where there is nothing to take over. */
const takeOver = (record: RunRecord | undefined, code: number, tally: RunTally): void => {
  if (record?.drill !== undefined) {
    tally.drill = record.drill;
    return;
  }
  if (code === exitCode.interrupted) throw interrupted();
  const [fault] = record?.faults ?? [];
  if (fault !== undefined) throw new Fault(fault.code, `with the kit alone no drill can be done: ${fault.message}`);
  throw new Fault('configuration', `the program in the kit has ended with ${code}, and without a drill`, {
    hint: 'What it said stands above.',
  });
};

const prefix = 'mailkeep-kit-';
/** On a disk, not in memory: a kit has a whole program in it. */
const base = '/var/tmp';

/**
 * Does a drill with nothing but what a kit holds: its program, its configuration, its passwords; an empty home, and none of the variables of
 * this machine. A password that the kit does not hold is that of `--password-file`. What was found is in the tally. Faults: `usage`,
 * `verification-failed`, those of files, and what the kit's program has ended with.
 */
export const drillWithKit = async (
  { kit, parameters }: KitDrill,
  tally: RunTally,
  context: CommandContext,
): Promise<void> => {
  const { passwordFile } = context.options;
  const cleared = await clearLeftFolders(base, prefix);
  if (cleared > 0) context.run.emit({ kind: 'notice', message: context.messages.drillCleared(cleared) });
  const { folder, noteService, remove } = await makeScratchFolder(base, prefix);
  const closed = join(folder, 'closed');
  const place: KitPlace = { kit: join(closed, 'kit'), home: join(closed, 'home'), noteService };
  try {
    await mkdir(place.home, { mode: 0o700, recursive: true });
    await takeKit(resolve(kit), place.kit, context);
    await requireProgram(kit, place.kit);
    if (passwordFile !== undefined) await placePassword(place.kit, resolve(passwordFile));
    const code = await startedWith(place, parameters, context);
    takeOver(await recordIn(place.home, context), code, tally);
  } catch (error) {
    throw error instanceof Fault ? error : errnoFault(error, 'use', kit);
  } finally {
    await remove();
  }
};
