import { readFile } from 'node:fs/promises';
import type { Run } from '../contract/run.ts';
import { errnoFault } from '../system/errno.ts';

/** The bytes of a file that an option names; `-` is standard input. Faults: `configuration`, `interrupted`. */
export const readInput = async (file: string, run: Run): Promise<Uint8Array> => {
  try {
    if (file !== '-') return await readFile(file, { signal: run.signal });
    const chunks: Uint8Array[] = [];
    const input: AsyncIterable<unknown> = process.stdin;
    const stop = (): void => {
      process.stdin.destroy(new Error('interrupted'));
    };
    run.signal.addEventListener('abort', stop, { once: true });
    for await (const chunk of input) if (chunk instanceof Uint8Array) chunks.push(chunk);
    run.signal.removeEventListener('abort', stop);
    return Buffer.concat(chunks);
  } catch (error) {
    throw errnoFault(error, 'read', file, {
      ENOENT: 'configuration',
      EACCES: 'configuration',
      EISDIR: 'configuration',
    });
  }
};
