import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from '../../../contract/run.ts';
import type { Envelope } from '../sealing/envelope.ts';

const fileName = 'damaged-packs';

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Packs that the last check found damaged, as the local cache tells. A hint only: lost, the next check finds it out again. */
export const loadDamagedPacks = async (directory: string, envelope: Envelope): Promise<ReadonlySet<string>> => {
  try {
    const plain = envelope.open(await readFile(join(directory, fileName)));
    const value: unknown = plain === undefined ? [] : JSON.parse(Buffer.from(plain).toString());
    return new Set(isStrings(value) ? value : []);
  } catch {
    // Nearly always there is none, and whatever is wrong with a cache, the answer is the same.
    return new Set();
  }
};

export const saveDamagedPacks = async (
  directory: string,
  envelope: Envelope,
  packs: ReadonlySet<string>,
  run: Run,
): Promise<void> => {
  const place = join(directory, fileName);
  const temporary = `${place}-tmp-${process.pid}`;
  try {
    if (packs.size === 0) {
      await rm(place, { force: true });
      return;
    }
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(temporary, envelope.seal(Buffer.from(JSON.stringify([...packs]))), { mode: 0o600 });
    await rename(temporary, place);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    run.emit({ kind: 'notice', message: `which packs are damaged could not be cached in ${directory}: ${reason}` });
  }
};

/** What one check saw of the packs. */
export interface PacksSeen {
  /** All that are there. */
  readonly present: Iterable<string>;
  /** Of those that were read whole, the ones in which all is as it should be. */
  readonly good: ReadonlySet<string>;
  /** Those in which anything was found damaged. */
  readonly damaged: ReadonlySet<string>;
}

/** What is known after one more check. A pack that is not read again stays damaged; one that is gone is no concern any more. */
export const damagedAfter = (before: ReadonlySet<string>, { present, good, damaged }: PacksSeen): ReadonlySet<string> =>
  new Set([...present].filter((id) => damaged.has(id) || (before.has(id) && !good.has(id))));
