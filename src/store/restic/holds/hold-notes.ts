import type { Run } from '../../../contract/run.ts';
import { byteStringOfText, displayText } from '../../../model/byte-string.ts';
import { asFault, isFault } from '../../../model/fault.ts';
import {
  type HoldEntry,
  type HoldLog,
  type HoldNote,
  type KnownHoldLine,
  noHolds,
  readHoldLog,
} from '../../../model/hold.ts';
import { parseHoldLine } from '../../../model/hold-line.ts';
import type { HoldTrust } from '../../../model/hold-trust.ts';
import { holdNoteTag, holdTag } from '../../../model/snapshot.ts';
import { readNoteFile, writeNoteFile } from '../evidence/note-file.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import type { Repository } from '../repository.ts';
import { holdTrustOf } from './hold-trust.ts';

const fileName = byteStringOfText('holds.jsonl');
const folder = '/.mailkeep/hold';

/** A path of its own for each line: whatever groups snapshots by path, and keeps one of each group, keeps all notes. */
const pathOf = ({ kind, id, hold }: HoldEntry): string =>
  kind === 'hold' ? `${folder}/${hold}` : `${folder}/${hold}/released/${id}`;

const aboutOf = (path: string): HoldNote['about'] => {
  const [, hold, release] = /^\/\.mailkeep\/hold\/([0-9a-f]{16})(?:\/released\/([0-9a-f]{16}))?$/.exec(path) ?? [];
  if (hold === undefined) return [];
  return [release === undefined ? { kind: 'hold', id: hold } : { kind: 'release', id: release }];
};

const linesOf = async (content: Uint8Array, trust: HoldTrust): Promise<readonly KnownHoldLine[]> => {
  const texts = Buffer.from(content)
    .toString('utf8')
    .split('\n')
    .filter((text) => text !== '');
  const origins = await trust.origins(texts);
  return texts.map((text, at) => ({ text, entry: parseHoldLine(text), origin: origins[at] ?? { kind: 'unsigned' } }));
};

const readNote = async (
  repository: Repository,
  snapshot: SnapshotFile,
  trust: HoldTrust,
  run: Run,
): Promise<HoldNote> => {
  const about = snapshot.paths.flatMap((path) => aboutOf(displayText(path)));
  // One whose paths were changed is known by its id.
  const known = about.length > 0 ? about : [{ kind: 'hold', id: snapshot.originalId.slice(0, 16) } as const];
  try {
    const content = await readNoteFile(repository, snapshot, fileName, run);
    return { about: known, lines: content === undefined ? undefined : await linesOf(content, trust) };
  } catch (error) {
    if (isFault(error, 'interrupted', 'internal')) throw error;
    run.emit({
      kind: 'notice',
      message: `the note of a hold, ${snapshot.id.slice(0, 8)}, is damaged: ${asFault(error).message}`,
    });
    return { about: known, lines: undefined };
  }
};

export const isHoldNote = ({ tags }: Pick<SnapshotFile, 'tags'>): boolean => tags.includes(holdNoteTag);

/** All that these snapshots say of holds. What is damaged holds more, and is told. */
export const loadHoldLog = async (
  repository: Repository,
  snapshots: readonly SnapshotFile[],
  run: Run,
): Promise<HoldLog> => {
  const found = snapshots.filter(isHoldNote);
  if (found.length === 0) return noHolds;
  const trust = holdTrustOf(repository.session.options.evidence);
  const notes: HoldNote[] = [];
  for (const snapshot of found) notes.push(await readNote(repository, snapshot, trust, run));
  return readHoldLog(notes, trust.anybody);
};

/**
 * Adds lines, and repeats all that are there, so that a note that is lost later takes nothing with it. To be called under a shared
 * lock. `texts`: signed, without their ends.
 */
const store = async (
  repository: Repository,
  added: readonly { readonly text: string; readonly entry: HoldEntry }[],
  log: HoldLog,
  run: Run,
): Promise<void> => {
  const texts = [...log.lines.map(({ text }) => text), ...added.map(({ text }) => text)];
  const content = Buffer.from(`${texts.join('\n')}\n`, 'utf8');
  const paths = added.map(({ entry }) => byteStringOfText(pathOf(entry)));
  await writeNoteFile(repository, { name: fileName, content, paths, tags: [holdNoteTag, holdTag] }, run);
};

/** Writes lines of this machine. To be called under a shared lock. Faults: those of its key, and of writing. */
export const addHoldEntries = async (
  repository: Repository,
  entries: readonly HoldEntry[],
  { log, format }: { readonly log: HoldLog; readonly format: (entry: HoldEntry) => string },
  run: Run,
): Promise<void> => {
  const trust = holdTrustOf(repository.session.options.evidence);
  const added: { text: string; entry: HoldEntry }[] = [];
  for (const entry of entries) added.push({ text: (await trust.sign(format(entry))).trimEnd(), entry });
  await store(repository, added, log, run);
};

/** Brings lines that another store has and this one has not. To be called under a shared lock. Returns how many. */
export const carryHoldLines = async (
  repository: Repository,
  from: HoldLog,
  log: HoldLog,
  run: Run,
): Promise<number> => {
  const known = new Set(log.lines.map(({ text }) => text));
  const missing = from.lines.flatMap(({ text, entry }) =>
    known.has(text) || entry === undefined ? [] : [{ text, entry }],
  );
  if (missing.length > 0) await store(repository, missing, log, run);
  return missing.length;
};
