import type { Run } from '../../../contract/run.ts';
import { type ByteString, byteStringOfText } from '../../../model/byte-string.ts';
import { asFault, isFault } from '../../../model/fault.ts';
import { type EvidenceNote, isBelieved } from '../../../model/evidence-note.ts';
import { combineEvidence, type PackEvidence } from '../../../model/pack-evidence.ts';
import { evidenceTag } from '../../../model/snapshot.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import { acquireLock } from '../lock/lock.ts';
import { lockRecordsIn, recordFolderOf } from '../lock/lock-records.ts';
import type { Repository } from '../repository.ts';
import { decodeEvidence, encodeEvidence } from './evidence-format.ts';
import { type EvidenceTrust, type KnownKeys, originOf, signedNote } from './evidence-key.ts';
import { readNoteFile, writeNoteFile } from './note-file.ts';

const fileName: ByteString = byteStringOfText('packs-read.json');
/** Not a path of anybody's: with restic's grouping by paths, evidence is a group of its own. */
const evidencePath: ByteString = byteStringOfText('/.mailkeep/evidence');
const isEvidence = ({ tags }: SnapshotFile): boolean => tags.includes(evidenceTag);

export interface LoadedEvidence {
  /** All that is believed, as one. */
  readonly evidence: PackEvidence | undefined;
  readonly notes: readonly EvidenceNote[];
}

const tell = (message: string, run: Run): void => run.emit({ kind: 'notice', message });

/** Without keys nothing is believed, which keeps more. */
const knownKeys = async (trust: EvidenceTrust, run: Run): Promise<KnownKeys> => {
  try {
    return await trust.known();
  } catch (error) {
    if (isFault(error, 'interrupted')) throw error;
    tell(`no note of what was read is believed: ${asFault(error).message}`, run);
    return { own: undefined, given: [] };
  }
};

interface ReadNote {
  readonly note: EvidenceNote;
  readonly says: PackEvidence | undefined;
}

const readNote = async (
  repository: Repository,
  snapshot: SnapshotFile,
  keys: KnownKeys,
  run: Run,
): Promise<ReadNote> => {
  const { id } = snapshot;
  try {
    const json = await readNoteFile(repository, snapshot, fileName, run);
    const says = json === undefined ? undefined : decodeEvidence(json);
    if (json !== undefined && says !== undefined) {
      return { note: { id, time: says.time, origin: originOf(json, keys, repository.id) }, says };
    }
  } catch (error) {
    if (isFault(error, 'interrupted')) throw error;
    tell(`evidence ${id.slice(0, 8)} is left out: ${asFault(error).message}`, run);
  }
  return { note: { id, time: undefined, origin: { kind: 'unreadable' } }, says: undefined };
};

/** What a person should know of notes that are not believed. */
const tellUnbelieved = (notes: readonly EvidenceNote[], run: Run): void => {
  const forged = notes.filter(({ origin }) => origin.kind === 'forged');
  if (forged[0] !== undefined) {
    const names = forged.map(({ id }) => id.slice(0, 8)).join(', ');
    tell(`${names}: claims to be evidence of a known machine and is not: somebody who has the password forged it`, run);
  }
  const others = notes.filter(({ origin }) => origin.kind === 'strange' || origin.kind === 'unsigned').length;
  if (others > 0 && !notes.some(isBelieved)) {
    tell(
      `what other machines, or earlier versions, noted as read back (${others}) is not believed, and is read again`,
      run,
    );
  }
};

/**
 * The evidence among the snapshots that is believed; `anybody`: whoever wrote it. What cannot be read says nothing, and is told as a
 * notice.
 */
export const loadEvidence = async (
  repository: Repository,
  { snapshots, anybody }: { readonly snapshots: readonly SnapshotFile[]; readonly anybody: boolean },
  run: Run,
): Promise<LoadedEvidence> => {
  const found = snapshots.filter(isEvidence);
  if (found.length === 0) return { evidence: undefined, notes: [] };
  const keys = await knownKeys(repository.session.options.evidence, run);
  const read: ReadNote[] = [];
  for (const snapshot of found) read.push(await readNote(repository, snapshot, keys, run));
  const believed = read.flatMap(({ note, says }) =>
    says !== undefined && (isBelieved(note) || (anybody && note.origin.kind !== 'forged')) ? [says] : [],
  );
  const notes = read.map(({ note }) => note);
  if (!anybody) tellUnbelieved(notes, run);
  return { evidence: combineEvidence(believed, run.now()), notes };
};

/** Writes evidence as a snapshot of its own, with the MAC of this machine. To be called under a shared lock. Returns its id. */
export const writeEvidence = async (repository: Repository, evidence: PackEvidence, run: Run): Promise<string> => {
  const key = await repository.session.options.evidence.own();
  const content = signedNote(encodeEvidence(evidence), key, repository.id);
  return writeNoteFile(repository, { name: fileName, content, paths: [evidencePath], tags: [evidenceTag] }, run);
};

/**
 * Removes evidence that newer evidence contains. It needs an exclusive lock for a moment; when somebody else is at work it
 * stays for the next time, as it does where nothing may be removed. Faults: what the backend says.
 */
export const removeSuperseded = async (repository: Repository, ids: readonly string[], run: Run): Promise<void> => {
  const { backend, envelope, options } = repository.session;
  if (ids.length === 0 || backend.capabilities.immutable) return;
  const folder = recordFolderOf(repository.session);
  // Recorded, so that a run that is killed under it keeps nobody out.
  const records = folder === undefined ? undefined : lockRecordsIn(folder);
  try {
    const lock = await acquireLock({ backend, envelope, records, exclusive: true, identity: options.identity, run });
    try {
      for (const name of ids) await backend.remove({ kind: 'snapshot', name }, run);
    } finally {
      await lock.release();
    }
  } catch (error) {
    if (!isFault(error, 'repository-locked', 'object-missing', 'permission-denied', 'read-only')) throw error;
  }
};
