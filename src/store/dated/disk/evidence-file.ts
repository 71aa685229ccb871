import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../../../system/durable-file.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';

/** What is known of a backup since it was published; the backup itself never changes. */
export interface Evidence {
  readonly version: 1;
  /** When the capture of the backup began: one that took its name later is another. */
  readonly started: number;
  /** Milliseconds since 1970: when it was looked at last. */
  readonly checked: number;
  /** Milliseconds since 1970: all of its files were re-hashed without a difference since then. */
  readonly verified?: number;
  /** What differed; not all of it when there is much. */
  readonly damages: readonly { readonly path: string; readonly message: string }[];
}

const evidence = z.object({
  version: z.literal(1),
  started: z.number(),
  checked: z.number(),
  verified: z.number().exactOptional(),
  damages: z.array(z.object({ path: z.string(), message: z.string() })),
});

/** How many damages are written down. */
export const damagesTold = 1000;

/** Undefined when there is none that can be read: then nothing is known. Faults of the file system. */
export const readEvidence = async (path: string): Promise<Evidence | undefined> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw errnoFault(error, 'read', path);
  }
  try {
    return evidence.parse(JSON.parse(text));
  } catch {
    // It says nothing, so it proves nothing.
    return undefined;
  }
};

export const writeEvidence = async (path: string, value: Evidence): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeDurably(path, `${JSON.stringify(value, undefined, 2)}\n`);
};

export const removeEvidence = (path: string): Promise<void> => rm(path, { force: true });
