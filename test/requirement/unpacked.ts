import { access, cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, fillCache } from './cache-folder.ts';
import { runCommand, succeed } from './command.ts';
import { MissingRequirement } from './debian.ts';

/**
 * Servers whose packages conflict with Dovecot's. They are unpacked beside the system with all that they need, mail transport
 * left out, and run in a mount namespace that shows their files among the system's.
 */
export const unpackedServers = {
  courier: ['courier-imap'],
  cyrus: ['cyrus-imapd', 'sasl2-bin'],
} as const;

export type UnpackedServer = keyof typeof unpackedServers;

/** The folder with `usr` and `etc` of a server; rejects with `MissingRequirement` when it cannot be had. */
export async function unpackedServer(name: UnpackedServer): Promise<string> {
  const folder = join(cacheFolder(), name);
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  if (!isThere) await fillCache(name, (into) => unpack(unpackedServers[name], into));
  return folder;
}

async function unpack(packages: readonly string[], into: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'mailkeep-apt-'));
  try {
    await download(await withDependencies(packages), work);
    const archives = (await readdir(work)).filter((file) => file.endsWith('.deb'));
    for (const archive of archives) await succeed('dpkg-deb', ['-x', join(work, archive), into]);
    // As Debian has it since bookworm; the packages still say /lib.
    for (const name of ['bin', 'lib', 'sbin']) {
      await mkdir(join(into, 'usr', name), { recursive: true });
      const old = join(into, name);
      await cp(old, join(into, 'usr', name), { recursive: true, verbatimSymlinks: true }).catch(ignoreMissing);
      await rm(old, { recursive: true, force: true });
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** What apt would install for them here. */
async function withDependencies(packages: readonly string[]): Promise<string[]> {
  const simulate = ['install', '-s', '-q', '--no-install-recommends', ...packages];
  let result = await runCommand('apt-get', simulate);
  if (result.code !== 0 && process.getuid?.() === 0) {
    await runCommand('apt-get', ['update', '-q']);
    result = await runCommand('apt-get', simulate);
  }
  if (result.code !== 0)
    throw new MissingRequirement(`apt-get knows no ${packages.join(', ')}: ${result.stderr.trim()}`);
  const names = [...result.stdout.matchAll(/^Inst (\S+)/gm)].flatMap(([, name]) => name ?? []);
  return [...new Set([...packages, ...names])].filter((name) => !name.startsWith('exim4'));
}

async function download(packages: readonly string[], cwd: string): Promise<void> {
  const options = ['-q', '-o', 'APT::Sandbox::User=', '-o', 'Acquire::Retries=3'];
  const result = await runCommand('apt-get', [...options, 'download', ...packages], { cwd });
  if (result.code !== 0) throw new MissingRequirement(`apt-get download said: ${result.stderr.trim()}`);
}
