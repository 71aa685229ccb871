import { join } from 'node:path';
import { cacheFolder, fillCache } from './cache-folder.ts';
import { runCommand } from './command.ts';
import { MissingRequirement, unpackFromSuite } from './debian.ts';

/** The releases of restic that the tests compare with, and the Debian suites that have or had them. */
const suitesOf = {
  '0.14': ['bookworm'],
  '0.18': ['trixie'],
  '0.19': ['sid', 'forky'],
} as const;

export type ResticVersion = keyof typeof suitesOf;

export const resticVersions: readonly ResticVersion[] = ['0.14', '0.18', '0.19'];

/**
 * The path of a restic of this version: the system's own, the cached one, or one taken out of Debian's archive
 * and unpacked beside the system. Rejects with `MissingRequirement` when it cannot be had.
 */
export async function resticBinary(version: ResticVersion): Promise<string> {
  const cached = join(cacheFolder(), `restic-${version}`, 'usr', 'bin', 'restic');
  for (const path of [cached, '/usr/bin/restic']) {
    if (await isVersion(path, version)) return path;
  }
  const reasons: string[] = [];
  for (const suite of suitesOf[version]) {
    try {
      await fillCache(`restic-${version}`, (into) => unpackFromSuite({ suite, names: ['restic'], into }));
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
      continue;
    }
    if (await isVersion(cached, version)) return cached;
    reasons.push(`Debian's suite ${suite} has another version of it, or one that does not run here.`);
  }
  throw new MissingRequirement(`restic ${version} is missing: ${reasons.join(' ')}`);
}

async function isVersion(path: string, version: ResticVersion): Promise<boolean> {
  const answer = await runCommand(path, ['version']);
  return answer.code === 0 && answer.stdout.startsWith(`restic ${version}.`);
}
