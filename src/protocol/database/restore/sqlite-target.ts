import { chmod, chown, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DatabaseTarget, DatabaseTargetOptions, PlannedDump } from '../../../contract/database-target.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { ReadRequest, Source } from '../../../contract/source.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import type { SqliteSetting } from '../config.ts';
import { databaseOfDump } from '../dump-file.ts';
import type { DatabaseParts } from '../parts.ts';
import { openSpoolFolder } from '../spool-folder.ts';
import { readDump } from './dump-files.ts';
import { type Counted, planEach, restoreEach } from './restore-each.ts';
import { countRows, putContents } from './sqlite-content.ts';

const suffix = '.sqlite';

/** The files of SQLite that a component names, to which their copies are brought back. */
export const createSqliteTarget = (
  { files }: SqliteSetting,
  { parts, options }: { readonly parts: DatabaseParts; readonly options: DatabaseTargetOptions },
): DatabaseTarget => {
  const pathOf = (file: ByteString): string | undefined => files[options.rename?.[nameOf(file)] ?? nameOf(file)];
  return {
    description: `SQLite (${Object.keys(files).join(', ')})`,
    plan: async (dumps, run) => {
      const folder = await openSpoolFolder(parts.spool, run);
      try {
        return await planEach(
          dumps,
          {
            wanted: (file) =>
              pathOf(file) !== undefined && file.endsWith(suffix) && (options.only?.includes(nameOf(file)) ?? true),
            plan: async (file, request) => {
              const copy = join(folder.path, 'copy.sqlite');
              await write(copy, { dumps, request }, run);
              return planOf(file, pathOf(file) ?? '', await countRows(copy, file));
            },
          },
          run,
        );
      } finally {
        await folder.remove();
      }
    },
    apply: (plan, dumps, run) =>
      restoreEach(plan, { dumps, restore: (planned, request) => restoreOne(planned, { dumps, request }, run) }, run),
  };
};

const nameOf = (file: ByteString): string => databaseOfDump(file, suffix);

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => {
      if (errnoCode(error) === 'ENOENT') return false;
      throw errnoFault(error, 'look at', path);
    },
  );

const planOf = async (file: ByteString, into: string, counted: Counted): Promise<PlannedDump> => {
  const there = await isThere(into);
  return {
    file,
    into,
    action: there ? { kind: 'swap', scratch: scratchOf(into) } : { kind: 'create' },
    ...counted,
    others: [],
    notes: there ? [`What is in ${into} is replaced; its owner and permissions stay.`] : [],
  };
};

const scratchOf = (path: string): string => join(dirname(path), `.${basename(path)}.mailkeep-restore`);

interface Reading {
  readonly dumps: Source;
  readonly request: ReadRequest;
}

const write = async (path: string, { dumps, request }: Reading, run: Run): Promise<void> => {
  try {
    await rm(path, { force: true });
    const handle = await open(path, 'wx', 0o600);
    try {
      for await (const part of readDump(dumps, request, run)) {
        throwIfInterrupted(run);
        await handle.write(part);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw errnoFault(error, 'write', path);
  }
};

const restoreOne = async ({ file, into, action }: PlannedDump, reading: Reading, run: Run): Promise<Counted> => {
  if (action.kind !== 'create' && action.kind !== 'swap') {
    throw new Fault('internal', `no file of SQLite is brought back by ${action.kind}`);
  }
  const scratch = scratchOf(into);
  try {
    await mkdir(dirname(into), { recursive: true });
    await write(scratch, reading, run);
    const counted = await countRows(scratch, file);
    // SQLite itself puts it there, in one transaction: who has the file open sees the old content or the new.
    if (await isThere(into)) await putContents(scratch, into, run);
    else {
      const { uid, gid } = await stat(dirname(into));
      if (process.getuid?.() === 0) await chown(scratch, uid, gid);
      await chmod(scratch, 0o640);
      await rename(scratch, into);
      await syncFolder(dirname(into));
    }
    return counted;
  } catch (error) {
    throw errnoFault(error, 'restore', into);
  } finally {
    for (const more of ['', '-journal', '-wal', '-shm']) await rm(`${scratch}${more}`, { force: true });
  }
};

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
