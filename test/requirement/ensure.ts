import { type PackageNeed, installPackages } from './debian.ts';
import { resticBinary, resticVersions } from './restic.ts';

const journeyPackages: readonly PackageNeed[] = [
  { name: 'borgbackup', command: 'borg' },
  { name: 'rsync', command: 'rsync' },
  { name: 'attr', command: 'setfattr' },
  { name: 'acl', command: 'setfacl' },
];

/** Gets what the journeys need, where it may; resolves to a sentence for each thing that is still missing. */
export async function ensureRequirements(): Promise<string[]> {
  const missing = await installPackages(journeyPackages);
  for (const version of resticVersions) {
    try {
      await resticBinary(version);
    } catch (error) {
      missing.push(error instanceof Error ? error.message : String(error));
    }
  }
  return missing;
}
