import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { StoppedNote } from '../../../operation/server/restore/restore-server.ts';
import { writeDurably } from '../../../system/durable-file.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';

const format = z.object({ version: z.literal(1), services: z.array(z.string()) });

/** Which services of a server a restore has stopped, so that the next one starts them should it be killed. */
export const stoppedNote = (stateDirectory: string, server: string): StoppedNote => {
  const path = join(stateDirectory, 'restore', `${encodeURIComponent(server)}.json`);
  return {
    read: async () => {
      try {
        return format.parse(JSON.parse(await readFile(path, 'utf8'))).services;
      } catch (error) {
        const isNone = errnoCode(error) === 'ENOENT' || error instanceof SyntaxError || error instanceof z.ZodError;
        if (isNone) return [];
        throw errnoFault(error, 'read', path);
      }
    },
    write: async (services) => {
      try {
        if (services.length === 0) await rm(path, { force: true });
        else await writeDurably(path, `${JSON.stringify({ version: 1, services })}\n`);
      } catch (error) {
        throw errnoFault(error, 'write', path);
      }
    },
  };
};
