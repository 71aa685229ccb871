import { mkdir, readdir, readFile } from 'node:fs/promises';
import type { Run } from '../../../contract/run.ts';
import { asFault } from '../../../model/fault.ts';
import { type HoldEntry, type HoldLog, type HoldNote, readHoldLog } from '../../../model/hold.ts';
import { parseHoldLine } from '../../../model/hold-line.ts';
import type { HoldTrust } from '../../../model/hold-trust.ts';
import { writeDurably } from '../../../system/durable-file.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { type DiskPlaces, holdsFolder } from '../disk/layout.ts';

/** A signed line of a log of holds, without its end. */
export interface SignedHold {
  readonly text: string;
  readonly entry: HoldEntry;
}

/** `0123456789abcdef.jsonl` begins a hold; `0123456789abcdef.released-fedcba9876543210.jsonl` ends it. */
const nameOf = ({ kind, id, hold }: HoldEntry): string =>
  kind === 'hold' ? `${hold}.jsonl` : `${hold}.released-${id}.jsonl`;

const aboutOf = (name: string): HoldNote['about'][number] | undefined => {
  const [, hold, release] = /^([0-9a-f]{16})(?:\.released-([0-9a-f]{16}))?\.jsonl$/.exec(name) ?? [];
  if (hold === undefined) return undefined;
  return release === undefined ? { kind: 'hold', id: hold } : { kind: 'release', id: release };
};

const noTrust: HoldTrust = {
  anybody: false,
  sign: async (line) => line,
  origins: async (lines) => lines.map(() => ({ kind: 'unsigned' })),
};

const namesIn = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw errnoFault(error, 'list', folder);
  }
};

const readNote = async (path: string, trust: HoldTrust, run: Run): Promise<HoldNote['lines']> => {
  try {
    const texts = (await readFile(path, 'utf8')).split('\n').filter((text) => text !== '');
    if (texts.length === 0) return undefined;
    const origins = await trust.origins(texts);
    return texts.map((text, at) => ({ text, entry: parseHoldLine(text), origin: origins[at] ?? { kind: 'unsigned' } }));
  } catch (error) {
    const { message } = asFault(errnoFault(error, 'read', path));
    run.emit({ kind: 'notice', message: `the note of a hold is damaged: ${message}` });
    return undefined;
  }
};

/** What a disk says of holds. Without trust no release is believed, which keeps more. */
export const readHolds = async (places: DiskPlaces, trust: HoldTrust | undefined, run: Run): Promise<HoldLog> => {
  const folder = places.path(holdsFolder);
  const notes: HoldNote[] = [];
  for (const name of await namesIn(folder)) {
    const about = aboutOf(name);
    if (about === undefined) continue;
    notes.push({ about: [about], lines: await readNote(`${folder}/${name}`, trust ?? noTrust, run) });
  }
  return readHoldLog(notes, trust?.anybody ?? false);
};

/** Adds lines, each in a file of its own that repeats all others: one that is lost or damaged takes nothing with it. */
export const addHolds = async (places: DiskPlaces, added: readonly SignedHold[], log: HoldLog): Promise<void> => {
  const folder = places.path(holdsFolder);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw errnoFault(error, 'write to', folder);
  }
  const texts = [...log.lines, ...added].map(({ text }) => text);
  for (const { entry } of added) await writeDurably(`${folder}/${nameOf(entry)}`, `${texts.join('\n')}\n`);
};
