import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand, succeed } from './command.ts';

/** Something the tests need and could not get; the message is a sentence for the person who runs them. */
export class MissingRequirement extends Error {
  override name = 'MissingRequirement';
}

/** A Debian package and a command that shows it is there, or a file of it by its whole path. */
export type PackageNeed = { readonly name: string; readonly command: string };

/** Installs what is missing, as root; resolves to a sentence for each package that is still missing. */
export async function installPackages(needs: readonly PackageNeed[]): Promise<string[]> {
  const before = await missing(needs);
  if (before.length === 0) return [];
  if (process.getuid?.() === 0 && (await hasCommand('apt-get'))) {
    const install = ['install', '-y', '-q', '--no-install-recommends', ...before.map((need) => need.name)];
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const first = await runCommand('apt-get', install, { env });
    if (first.code !== 0) {
      await runCommand('apt-get', ['update', '-q'], { env });
      await runCommand('apt-get', install, { env });
    }
  }
  const after = await missing(needs);
  return after.map((need) => `The command ${need.command} is missing: install the Debian package ${need.name}.`);
}

async function missing(needs: readonly PackageNeed[]): Promise<PackageNeed[]> {
  const there = await Promise.all(needs.map((need) => hasCommand(need.command)));
  return needs.filter((_, index) => there[index] === false);
}

async function hasCommand(command: string): Promise<boolean> {
  const isThere = command.startsWith('/') ? 'test -e "$1"' : 'command -v "$1"';
  return (await runCommand('sh', ['-c', isThere, 'sh', command])).code === 0;
}

export type PackageWish = {
  readonly suite: string;
  readonly names: readonly string[];
  /** With all that they need of a system. */
  readonly whole?: boolean;
  readonly into: string;
};

/** Downloads packages of any Debian suite, by way of this machine's own mirror and proxy, and unpacks them into a folder. */
export async function unpackFromSuite({ suite, names, whole = false, into }: PackageWish): Promise<void> {
  const mirror = await debianMirror();
  const work = await mkdtemp(join(tmpdir(), 'mailkeep-apt-'));
  try {
    const options = await privateApt(work, `deb ${mirror} ${suite} main\n`);
    await apt([...options, 'update'], work);
    const needed = whole ? await apt([...options, 'install', '-s', '--no-install-recommends', ...names], work) : '';
    const others = [...needed.matchAll(/^Inst (\S+)/gm)].flatMap(([, name]) => name ?? []);
    await apt([...options, 'download', ...new Set([...names, ...others])], work);
    const archives = (await readdir(work)).filter((file) => file.endsWith('.deb'));
    if (archives.length === 0) throw new MissingRequirement(`Debian's suite ${suite} gave no ${names.join(', ')}.`);
    await mkdir(into, { recursive: true });
    for (const archive of archives) await succeed('dpkg-deb', ['-x', join(work, archive), into]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function apt(args: readonly string[], cwd: string): Promise<string> {
  const result = await runCommand('apt-get', args, { cwd });
  if (result.code === 0) return result.stdout;
  const [complaint = result.stderr.trim()] = result.stderr.split('\n').filter((line) => line.startsWith('E: '));
  throw new MissingRequirement(`apt-get ${args.at(-1) ?? ''} said: ${complaint}`);
}

/** Options for an apt that has its own sources and state, and changes nothing of the system's. */
async function privateApt(folder: string, sources: string): Promise<string[]> {
  await mkdir(join(folder, 'state', 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  await writeFile(join(folder, 'status'), '');
  await writeFile(join(folder, 'sources.list'), sources);
  const settings = [
    `Dir::Etc::sourcelist=${join(folder, 'sources.list')}`,
    `Dir::Etc::sourceparts=${join(folder, 'none')}`,
    `Dir::State=${join(folder, 'state')}`,
    `Dir::State::status=${join(folder, 'status')}`,
    `Dir::Cache=${join(folder, 'cache')}`,
    'APT::Sandbox::User=',
    'APT::Update::Error-Mode=any',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
  ];
  return ['-q', ...settings.flatMap((setting) => ['-o', setting])];
}

/** The address of the Debian mirror that this machine's apt uses. */
async function debianMirror(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  const codename = /^VERSION_CODENAME=(\S+)/m.exec(release)?.[1] ?? 'sid';
  if (!/^ID=debian$/m.test(release)) throw new MissingRequirement('This machine is not a Debian.');
  const suites = new Set([codename, 'oldstable', 'stable', 'testing', 'unstable', 'sid']);
  for (const prepare of [async () => undefined, updateAsRoot]) {
    await prepare();
    const format = '$(RELEASE) $(COMPONENT) $(REPO_URI)';
    const targets = await runCommand('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
    for (const line of targets.stdout.split('\n')) {
      const [suite = '', component, uri] = line.split(' ');
      if (suites.has(suite) && component === 'main' && uri !== undefined) return uri;
    }
  }
  throw new MissingRequirement("This machine's apt has no Debian mirror, or its lists are empty: run apt-get update.");
}

async function updateAsRoot(): Promise<void> {
  if (process.getuid?.() === 0) await runCommand('apt-get', ['update', '-q']);
}
