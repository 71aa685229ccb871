import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Component } from '../../../contract/component.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoFault } from '../../../system/errno.ts';
import type { SqliteSetting } from '../config.ts';
import { dumpName, type DumpFile, type MissingDump } from '../dump-file.ts';
import { createDumpSource } from '../dump-source.ts';
import type { DatabaseParts } from '../parts.ts';
import { openSpoolFolder } from '../spool-folder.ts';
import { copyDatabase } from './copy-database.ts';

/** Files of SQLite, each as `NAME.sqlite`: a copy that SQLite itself has made, and found sound. */
export const sqliteComponent = (name: string, { files }: SqliteSetting, { spool }: DatabaseParts): Component => ({
  name,
  form: 'dump',
  open: async (run) => {
    const folder = await openSpoolFolder(spool, run);
    try {
      const found: DumpFile[] = [];
      const missing: MissingDump[] = [];
      for (const [called, path] of Object.entries(files)) {
        const named = dumpName(called, '.sqlite');
        try {
          const { size } = await stat(path);
          found.push({ name: named, size, dump: (run) => dumpFile(path, folder.path, run) });
        } catch (error) {
          missing.push({ name: named, fault: errnoFault(error, 'read', path, { ENOENT: 'source-missing' }) });
        }
      }
      return createDumpSource({
        description: `SQLite (${Object.keys(files).join(', ')})`,
        time: run.now(),
        files: found,
        missing,
        close: () => folder.remove(),
      });
    } catch (error) {
      await folder.remove();
      throw error;
    }
  },
});

async function* dumpFile(path: string, folder: string, run: Run): AsyncGenerator<Uint8Array, void> {
  const copy = join(folder, `${randomBytes(8).toString('hex')}.sqlite`);
  try {
    await copyDatabase(path, copy, run);
    const stream = createReadStream(copy, { highWaterMark: 262_144 });
    try {
      for await (const chunk of stream) {
        throwIfInterrupted(run);
        if (Buffer.isBuffer(chunk)) yield new Uint8Array(chunk);
      }
    } finally {
      stream.destroy();
    }
  } catch (error) {
    throwIfInterrupted(run);
    if (error instanceof Fault) throw error;
    throw errnoFault(error, 'copy', path);
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) await rm(`${copy}${suffix}`, { force: true });
  }
}
