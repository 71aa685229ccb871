import { createHash } from 'node:crypto';
import { createReadStream, unlinkSync } from 'node:fs';
import type { BadName, MendedFile, MendWish } from '../../../contract/component.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { byteStringOfText, type ByteString } from '../../../model/byte-string.ts';
import { formatChecksumLine } from '../../../model/checksum-line.ts';
import { datedPlace } from '../../../model/dated-name.ts';
import { Fault } from '../../../model/fault.ts';
import type { AttainableMetadata } from '../../../system/file-metadata.ts';
import { nativePath } from '../../../system/native-path.ts';
import { damagesTold, writeEvidence } from '../disk/evidence-file.ts';
import { ownFolder } from '../disk/layout.ts';
import { evidencePlace, type KnownBackup, listBackups, writeMetadata } from '../disk/list-backups.ts';
import { verifyBackup } from '../verify/verify-backup.ts';
import { checkName, findPatients, keyOfName, type Patient } from './find-bad.ts';
import { metadataOfManifest } from './manifest-metadata.ts';
import { metadataOfFile, pathOfName, takePlace, writeMended } from './replace-file.ts';
import type { Scrubbing } from './scrub-disk.ts';

interface Mending {
  readonly scrubbing: Scrubbing;
  readonly known: readonly KnownBackup[];
  readonly wish: MendWish;
}

/** Where good bytes are. */
interface Cure {
  readonly from: string;
  readonly bytes: () => AsyncIterable<Uint8Array>;
  /** Where they are a file on the disk, which was found to be good. */
  readonly name: BadName | undefined;
}

/** Looks at all that is known to be bad, and mends what has a good copy. */
export const mendDisk = async (scrubbing: Scrubbing, wish: MendWish, run: Run): Promise<readonly MendedFile[]> => {
  const { places, pool } = scrubbing;
  const known = await listBackups(places, run);
  const mending: Mending = { scrubbing, known, wish };
  const { patients, healthy } = await findPatients({ known, pool }, run);
  const mended: MendedFile[] = [];
  for (const patient of patients) {
    throwIfInterrupted(run);
    const { sha256, kind, names } = patient;
    mended.push({ sha256, kind, names, outcome: await treat(mending, patient, run) });
  }
  if (!wish.dryRun) await discharge(mending, [...healthy, ...goodNames(mended)], run);
  return mended;
};

const goodNames = (files: readonly MendedFile[]): readonly BadName[] =>
  files.flatMap(({ outcome, names }) => (outcome.kind === 'mended' ? names : []));

const treat = async (mending: Mending, patient: Patient, run: Run): Promise<MendedFile['outcome']> => {
  const { scrubbing, wish } = mending;
  for await (const cure of curesOf(mending, patient, run)) {
    if (wish.dryRun) {
      if (await isGood(cure, patient, run)) return { kind: 'mendable', from: cure.from };
      continue;
    }
    const file = await writeMended(
      scrubbing,
      { bytes: cure.bytes(), sha256: patient.sha256, metadata: await metadataFor(mending, patient, cure, run) },
      run,
    );
    if (file === undefined) continue;
    try {
      await requireWritten(mending, file, patient.sha256);
      for (const name of patient.names) takePlace(scrubbing, file, name);
      return { kind: 'mended', from: cure.from };
    } finally {
      unlinkSync(nativePath(file));
    }
  }
  return { kind: 'lost' };
};

/** Whether the bytes are the right ones, without writing any. */
const isGood = async (cure: Cure, { sha256 }: Patient, run: Run): Promise<boolean> => {
  if (cure.name !== undefined) return true;
  const digest = createHash('sha256');
  for await (const chunk of cure.bytes()) {
    throwIfInterrupted(run);
    digest.update(chunk);
  }
  return digest.digest('hex') === sha256;
};

/** Other files of the disk first, then what is elsewhere. */
async function* curesOf(mending: Mending, patient: Patient, run: Run): AsyncGenerator<Cure> {
  const { known, scrubbing, wish } = mending;
  const ward = { known, pool: scrubbing.pool };
  for (const name of patient.donors) {
    if ((await checkName(ward, name, patient.sha256)) !== undefined) continue;
    const file = nativePath(pathOfName(scrubbing.places, name));
    yield { from: datedPlace(name.backup), bytes: () => createReadStream(file), name };
  }
  if (wish.rescue === undefined) return;
  for (const name of patient.names) {
    const started = ofTree(known, name)?.backup.started;
    const rescued = started === undefined ? undefined : await wish.rescue({ ...name, started }, run);
    if (rescued !== undefined) yield { from: rescued.from, bytes: () => rescued.bytes, name: undefined };
  }
}

/** The backup of a file of a tree: only there the file on the disk has the bytes of the source. */
const ofTree = (known: readonly KnownBackup[], { backup, path }: BadName): KnownBackup | undefined => {
  const place = datedPlace(backup);
  const found = known.find((one) => datedPlace(one.backup.name) === place);
  const component = found?.description.components.find(({ name }) => path.startsWith(`${name}/`));
  return component?.form === 'tree' ? found : undefined;
};

/** What the bad file has, since its metadata is not what went bad; of one that is missing what the manifest says, or its copy has. */
const metadataFor = async (
  { scrubbing, known }: Mending,
  { kind, names }: Patient,
  { name: donor }: Cure,
  run: Run,
): Promise<AttainableMetadata> => {
  const { places, posix } = scrubbing;
  const [first] = names;
  if (first !== undefined && kind !== 'missing') return metadataOfFile(pathOfName(places, first), posix);
  const described = first === undefined ? undefined : await metadataOfManifest(known, first, posix, run);
  if (described !== undefined) return described;
  if (donor !== undefined) return metadataOfFile(pathOfName(places, donor), posix);
  const now = run.now();
  return { mode: 0o600, uid: -1, gid: -1, atime: now, mtime: now, attributes: [] };
};

/** What was written is read back before anything is replaced by it. */
const requireWritten = async ({ scrubbing }: Mending, file: ByteString, sha256: string): Promise<void> => {
  const { places, pool } = scrubbing;
  const root = `${byteStringOfText(places.path(ownFolder))}/`;
  const line = formatChecksumLine(sha256, file.slice(root.length)).slice(0, -1);
  const { damages } = await pool.check({ root, lines: [line], fromDisk: true });
  if (damages.length === 0) return;
  throw new Fault('verification-failed', 'what was written to mend a file is not what is read back', {
    hint: 'Look at the health of the disk (smartctl -a), and copy what is on it to another one.',
  });
};

/** What is good by now is known as bad no more. */
const discharge = async ({ scrubbing, known }: Mending, names: readonly BadName[], run: Run): Promise<void> => {
  const { places, pool } = scrubbing;
  const good = new Set(names.map(keyOfName));
  for (const one of known) {
    const { evidence, backup } = one;
    if (evidence === undefined || evidence.damages.length === 0) continue;
    const damages = evidence.damages.filter(({ path }) => !good.has(`${datedPlace(backup.name)}/${path}`));
    if (damages.length === evidence.damages.length) continue;
    // Of more than are told nobody knows whether all were mended.
    if (evidence.damages.length >= damagesTold) await verifyBackup({ places, pool, known: one }, run);
    else await writeEvidence(evidencePlace(places, backup.name), { ...evidence, damages });
  }
  await writeMetadata(places, run);
};
