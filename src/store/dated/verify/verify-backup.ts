import { lstatSync } from 'node:fs';
import type { DatedDamage } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import { byteStringOfLatin1, byteStringOfText, type ByteString } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { nativePath } from '../../../system/native-path.ts';
import { damagesTold, type Evidence, writeEvidence } from '../disk/evidence-file.ts';
import type { DiskPlaces } from '../disk/layout.ts';
import { evidencePlace, type KnownBackup, listBackups, writeMetadata } from '../disk/list-backups.ts';
import type { DiskPool } from '../threads/disk-pool.ts';
import { findDamage } from './find-damage.ts';

export interface Verification {
  readonly places: DiskPlaces;
  readonly pool: DiskPool;
  readonly known: KnownBackup;
}

/** Reads all of a backup again, and takes the outcome down. */
export const verifyBackup = async (verification: Verification, run: Run): Promise<readonly DatedDamage[]> => {
  const { places, known } = verification;
  const began = Number(run.now() / 1_000_000n);
  const damages = await findDamage(
    { ...verification, folder: known.backup.folder, description: known.description },
    run,
  );
  await takeDown(places, known, { began, damages });
  if (damages.length > 0) await takeDownSharers(verification, damages, { began, run });
  await writeMetadata(places, run);
  return damages;
};

interface Outcome {
  readonly began: number;
  readonly damages: readonly DatedDamage[];
}

const takeDown = async (places: DiskPlaces, { backup, description }: KnownBackup, { began, damages }: Outcome) => {
  const evidence: Evidence = {
    version: 1,
    started: description.started,
    checked: began,
    ...(damages.length === 0 ? { verified: began } : {}),
    damages: damages.slice(0, damagesTold).map(({ path, fault }) => ({ path, message: fault.message })),
  };
  await writeEvidence(evidencePlace(places, backup.name), evidence);
};

/** A file that several backups have is damaged in all of them. */
const takeDownSharers = async (
  { places, known }: Verification,
  damages: readonly DatedDamage[],
  { began, run }: { readonly began: number; readonly run: Run },
): Promise<void> => {
  for (const other of await listBackups(places, run)) {
    if (other.backup.folder === known.backup.folder) continue;
    const shared = damages.filter(({ path }) => isSameFile(path, known.backup.folder, other.backup.folder));
    const before = other.evidence?.damages ?? [];
    const fresh = shared.filter(({ path }) => !before.some((damage) => damage.path === path));
    if (fresh.length === 0) continue;
    const earlier = before.map(({ path, message }) => ({
      path: byteStringOfLatin1(path),
      fault: new Fault('verification-failed', message),
    }));
    await takeDown(places, other, { began, damages: [...earlier, ...fresh] });
  }
};

const isSameFile = (path: ByteString, one: string, other: string): boolean => {
  const look = (folder: string) =>
    lstatSync(nativePath(byteStringOfLatin1(`${byteStringOfText(folder)}/${path}`)), {
      bigint: true,
      throwIfNoEntry: false,
    });
  const [left, right] = [look(one), look(other)];
  return left !== undefined && left.ino === right?.ino && left.dev === right.dev;
};
