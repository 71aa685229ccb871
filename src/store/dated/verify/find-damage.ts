import type { DatedDamage } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import { byteStringOfLatin1, byteStringOfText, type ByteString } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import type { BackupDescription } from '../disk/backup-file.ts';
import { checksumsList } from '../disk/layout.ts';
import { digestOfFile } from '../disk/write-list.ts';
import { manifestsFolder } from '../manifest/manifest-files.ts';
import type { DiskPool } from '../threads/disk-pool.ts';
import { checkList } from './check-list.ts';
import { checkPacked } from './check-packed.ts';

export interface LookForDamage {
  /** The backup, absolute. */
  readonly folder: string;
  readonly description: BackupDescription;
  readonly pool: DiskPool;
  /** Only these; by default all. */
  readonly components?: readonly string[];
}

/** Reads a backup, or some of its components, again, and tells what is not as it was written. Writes nothing. */
export const findDamage = async (
  { folder: path, description, pool, components }: LookForDamage,
  run: Run,
): Promise<readonly DatedDamage[]> => {
  const folder = byteStringOfText(path);
  const list = byteStringOfLatin1(`${folder}/${checksumsList}`);
  const damages: DatedDamage[] = [];
  if (digestOfFile(list) !== description.checksums) damages.push(listDiffers());
  const isWanted = (component: string): boolean => components?.includes(component) !== false;
  const wanted = (line: string): boolean => isWanted(componentOf(line.replace(/^\\?[\da-f]{64} [ *]/, '')));
  damages.push(...(await checkList({ folder, list, pool, ...(components === undefined ? {} : { wanted }) }, run)));
  // What is not what was written is told once.
  const damaged = new Set(damages.map(({ path: at }) => componentOf(at)));
  for (const { name, form } of description.components) {
    if (form === 'tree' || damaged.has(name) || !isWanted(name)) continue;
    damages.push(...(await checkPacked({ folder, name, form }, run)));
  }
  return damages;
};

const componentOf = (path: ByteString | string): string => {
  const own = path.startsWith(`${manifestsFolder}/`) ? path.slice(manifestsFolder.length + 1) : path;
  return own.split('/')[0] ?? '';
};

const listDiffers = (): DatedDamage => ({
  path: byteStringOfLatin1(checksumsList),
  fault: new Fault('verification-failed', `${checksumsList} does not hold what was written`, {
    hint: 'Take another backup, and look at the health of the disk.',
    context: { path: checksumsList },
  }),
});
