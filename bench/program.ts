import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resticBinary, type ResticVersion } from '../test/requirement/restic.ts';
import type { Command } from './measure.ts';
import type { RemoteStorage } from './s3-storage.ts';

/** Where one program keeps everything of one series of runs. */
export interface Place {
  readonly folder: string;
  /** What is counted as stored. */
  readonly repository: string;
  readonly passwordFile: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A program as the bench drives it; an action that it does not have is left out. */
export interface Program {
  readonly name: string;
  /** How it is called, for the report: what matters of the options. */
  readonly how: string;
  readonly version: string;
  /** It only looks into the repository that this other program wrote. */
  readonly guestOf?: string;
  /** Not measured. */
  readonly init?: (place: Place) => Command;
  readonly backup?: (place: Place, source: string) => Command;
  /** Whether `backup` builds on what the last one left. */
  readonly isIncremental: boolean;
  /** Whether its repository may be in S3. */
  readonly speaksS3?: boolean;
  readonly restore?: (place: Place, target: string) => Command;
  readonly check?: (place: Place) => Command;
  /** Counts the messages that a first backup brought, of whoever keeps them as files. */
  readonly messagesIn?: (place: Place) => number;
  /** Opens the repository and prints its settings: start, key derivation and little else; no lock where that is possible. */
  readonly open?: (place: Place) => Command;
}

export type Found =
  | { readonly kind: 'program'; readonly program: Program }
  | { readonly kind: 'missing'; readonly name: string; readonly why: string };

const root = fileURLToPath(new URL('..', import.meta.url));

/** A new, empty place: repository, cache, home and password of its own. */
export function newPlace(folder: string, remote?: RemoteStorage): Place {
  rmSync(folder, { recursive: true, force: true });
  for (const name of ['home', 'cache']) mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'bench-0123456789-abcdef\n', { mode: 0o600 });
  const env = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    LANG: 'C.UTF-8',
    HOME: join(folder, 'home'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    XDG_DATA_HOME: join(folder, 'home', 'data'),
    XDG_CONFIG_HOME: join(folder, 'home', 'config'),
    BORG_BASE_DIR: join(folder, 'home'),
    BORG_CACHE_DIR: join(folder, 'cache', 'borg'),
    BORG_PASSCOMMAND: `cat ${passwordFile}`,
    BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
  };
  if (remote === undefined) return { folder, repository: join(folder, 'repository'), passwordFile, env };
  return { folder, repository: remote.locationOf(basename(folder)), passwordFile, env: { ...env, ...remote.env } };
}

/** All programs of the bench, ours first, each with its version or why it cannot take part. `folder` is for a start file. */
export async function findPrograms(folder: string): Promise<Found[]> {
  return [findMailkeep(folder), await findRestic(), ...(await findGuests()), findBorg(), findRsync(), findTar()];
}

/** How Mailkeep as it was built is started. */
export interface MailkeepStart {
  readonly version: string;
  /** The first arguments of Node. */
  readonly head: readonly string[];
}

/**
 * As it is installed, launcher and all, which keeps heaps small and the program compiled: in a checkout the launcher would run
 * the sources. Undefined: it was not built.
 */
export function mailkeepStart(folder: string): MailkeepStart | undefined {
  const dist = join(root, 'dist');
  if (!existsSync(join(dist, 'cli', 'main.js'))) return undefined;
  const installed = join(folder, 'installed');
  mkdirSync(join(installed, 'bin'), { recursive: true, mode: 0o700 });
  for (const file of ['package.json', join('bin', 'mailkeep.js')]) cpSync(join(root, file), join(installed, file));
  rmSync(join(installed, 'dist'), { force: true });
  symlinkSync(dist, join(installed, 'dist'));
  const head = [join(installed, 'bin', 'mailkeep.js')];
  return { head, version: versionOf(process.execPath, [...head, '--version']) ?? 'unknown' };
}

export const notBuilt = 'dist/cli/main.js was not built';

function findMailkeep(folder: string): Found {
  const start = mailkeepStart(folder);
  if (start === undefined) return { kind: 'missing', name: 'mailkeep', why: notBuilt };
  const program = resticLike({ name: 'mailkeep', program: process.execPath, ...start });
  return {
    kind: 'program',
    program: { ...program, how: `compiled, on Node ${process.versions.node}; default options` },
  };
}

async function findRestic(release: ResticVersion = '0.19'): Promise<Found> {
  const name = 'restic';
  try {
    const program = await resticBinary(release);
    const version = versionOf(program, ['version']) ?? release;
    return { kind: 'program', program: resticLike({ name, program, head: [], version }) };
  } catch (error) {
    return { kind: 'missing', name, why: error instanceof Error ? error.message : String(error) };
  }
}

/** The release of restic that checks were first compared with, and today's release on what Mailkeep wrote. */
async function findGuests(): Promise<Found[]> {
  const old = await findRestic('0.14');
  const now = await findRestic('0.19');
  return [
    asGuest(old, { name: 'restic 0.14', guestOf: 'restic', actions: ['check'] }),
    asGuest(now, { name: 'restic on ours', guestOf: 'mailkeep', actions: ['check', 'restore'] }),
  ];
}

interface Visit {
  readonly name: string;
  readonly guestOf: string;
  readonly actions: readonly ('check' | 'restore')[];
}

function asGuest(found: Found, { name, guestOf, actions }: Visit): Found {
  if (found.kind === 'missing') return { ...found, name };
  const { version, check, restore } = found.program;
  return {
    kind: 'program',
    program: {
      name,
      version,
      how: `default options, in the repository that ${guestOf} wrote`,
      guestOf,
      isIncremental: false,
      ...(check !== undefined && actions.includes('check') ? { check } : {}),
      ...(restore !== undefined && actions.includes('restore') ? { restore } : {}),
    },
  };
}

interface ResticLike {
  readonly name: string;
  readonly program: string;
  readonly head: readonly string[];
  readonly version: string;
}

/** A command on the repository of a place. */
export const repositoryCommand = (
  { program, head }: Pick<ResticLike, 'program' | 'head'>,
  place: Place,
  ...args: readonly string[]
): Command => ({
  program,
  args: [...head, '-r', place.repository, '--password-file', place.passwordFile, '--quiet', ...args],
  env: place.env,
});

function resticLike({ name, program, head, version }: ResticLike): Program {
  const command = (place: Place, ...args: readonly string[]): Command =>
    repositoryCommand({ program, head }, place, ...args);
  return {
    name,
    version,
    how: 'default options (encrypted, zstd, its own cache)',
    isIncremental: true,
    speaksS3: true,
    init: (place) => command(place, 'init'),
    backup: (place, source) => command(place, 'backup', source),
    restore: (place, target) => command(place, 'restore', 'latest', '--target', target),
    check: (place) => command(place, 'check', '--read-data'),
    open: (place) => command(place, 'cat', 'config', '--no-lock'),
  };
}

function findBorg(): Found {
  const version = versionOf('borg', ['--version']);
  if (version === undefined) return missing('borg', 'Debian package borgbackup');
  const command = (place: Place, args: readonly string[], cwd?: string): Command => ({
    program: 'borg',
    args,
    env: place.env,
    ...(cwd === undefined ? {} : { cwd }),
  });
  let archives = 0;
  return {
    kind: 'program',
    program: {
      name: 'borg',
      version,
      how: 'repokey-blake2, zstd,3',
      isIncremental: true,
      init: (place) => command(place, ['init', '-e', 'repokey-blake2', place.repository]),
      backup: (place, source) => {
        const archive = `${place.repository}::run-${++archives}`;
        writeFileSync(join(place.folder, 'archive'), archive);
        return command(place, ['create', '-C', 'zstd,3', archive, source]);
      },
      restore: (place, target) => shell(place, 'borg extract "$(cat "$1")"', [join(place.folder, 'archive')], target),
      check: (place) => command(place, ['check', '--verify-data', place.repository]),
      open: (place) => command(place, ['info', place.repository]),
    },
  };
}

function findRsync(): Found {
  const version = versionOf('rsync', ['--version']);
  if (version === undefined) return missing('rsync', 'Debian package rsync');
  return {
    kind: 'program',
    program: {
      name: 'rsync',
      version,
      how: '-aH --delete into a plain copy: no history, encryption, compression or fsync',
      isIncremental: true,
      backup: (place, source) => ({
        program: 'rsync',
        args: ['-aH', '--delete', `${source}/`, `${place.repository}/`],
        env: place.env,
      }),
      restore: (place, target) => ({
        program: 'rsync',
        args: ['-aH', `${place.repository}/`, `${target}/`],
        env: place.env,
      }),
    },
  };
}

function findTar(): Found {
  const version = versionOf('zstd', ['--version']);
  if (version === undefined || versionOf('tar', ['--version']) === undefined)
    return missing('tar+zstd', 'Debian packages tar, zstd');
  return {
    kind: 'program',
    program: {
      name: 'tar+zstd',
      version: version.replaceAll('*', '').trim(),
      how: 'tar | zstd -3 -T2 into one file: no encryption, deduplication or fsync',
      isIncremental: false,
      init: (place) => ({ program: 'mkdir', args: ['-p', place.repository], env: place.env }),
      backup: (place, source) =>
        shell(place, 'tar -cf - . | zstd -q -f -3 -T2 -o "$1"', [join(place.repository, 'archive.tar.zst')], source),
      restore: (place, target) =>
        shell(place, 'zstd -dqc "$1" | tar -xpf -', [join(place.repository, 'archive.tar.zst')], target),
    },
  };
}

function shell(place: Place, script: string, args: readonly string[], cwd: string): Command {
  return { program: 'bash', args: ['-c', `set -o pipefail; ${script}`, 'bash', ...args], env: place.env, cwd };
}

export function missing(name: string, what: string): Found {
  return { kind: 'missing', name, why: `not installed (${what})` };
}

/** The first line of what a program says about its version. */
export function versionOf(program: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}
