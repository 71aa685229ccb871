import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Fault } from '../../model/fault.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { syncFileSystem } from '../../system/sync-file-system.ts';
import type { KitFile } from './kit-files.ts';
import { type ProgramSource, requireCompiled, writeProgram } from './program-folder.ts';

/** Fault `target-occupied` unless the folder is new or empty. */
const requireEmpty = async (folder: string): Promise<void> => {
  try {
    if ((await readdir(folder)).length === 0) return;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return;
    throw errnoFault(error, 'look into', folder);
  }
  throw new Fault('target-occupied', `${folder} is not empty`, { hint: 'Give the name of a new folder.' });
};

const digestOf = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
};

/** What `sha256sum --check` reads. */
const checksums = async (folder: string): Promise<string> => {
  const lines: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // Those are given away.
    if (path.startsWith(join(folder, 'shares/'))) continue;
    lines.push(`${await digestOf(path)}  ./${path.slice(folder.length + 1)}`);
  }
  return `${lines.sort((left, right) => (left.slice(66) < right.slice(66) ? -1 : 1)).join('\n')}\n`;
};

/** Writes a kit into a new folder, for its owner alone, and has it on the disk when it resolves. Faults: `target-occupied`, those of files. */
export const writeKit = async (
  folder: string,
  files: readonly KitFile[],
  program: ProgramSource | undefined,
): Promise<void> => {
  await requireEmpty(folder);
  if (program !== undefined) await requireCompiled(program);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const { path, content, mode } of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
      await writeFile(join(folder, path), content, { mode, flag: 'wx' });
    }
    if (program !== undefined) await writeProgram(program, join(folder, 'program'));
    await writeFile(join(folder, 'checksums.sha256'), await checksums(folder), { mode: 0o600 });
  } catch (error) {
    throw errnoFault(error, 'write to', folder);
  }
  await syncFileSystem(folder);
};

/** A file that may be missing. */
export const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw errnoFault(error, 'read', path);
  }
};
