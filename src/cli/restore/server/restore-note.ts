import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RestoreNote } from '../../../operation/server/restore/restore-server.ts';
import { writeDurably } from '../../../system/durable-file.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';

const format = z.object({ version: z.literal(1), services: z.array(z.string()), places: z.array(z.string()) });

/** What a restore of a server leaves for the next one, should it be killed. */
export const restoreNote = (stateDirectory: string, server: string): RestoreNote => {
  const path = join(stateDirectory, 'restore', `${encodeURIComponent(server)}.json`);
  return {
    read: async () => {
      try {
        return format.parse(JSON.parse(await readFile(path, 'utf8')));
      } catch (error) {
        const isNone = errnoCode(error) === 'ENOENT' || error instanceof SyntaxError || error instanceof z.ZodError;
        if (isNone) return { services: [], places: [] };
        throw errnoFault(error, 'read', path);
      }
    },
    write: async ({ services, places }) => {
      try {
        if (services.length + places.length === 0) await rm(path, { force: true });
        else await writeDurably(path, `${JSON.stringify({ version: 1, services, places })}\n`);
      } catch (error) {
        throw errnoFault(error, 'write', path);
      }
    },
  };
};
