import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Fault } from '../../model/fault.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { syncFileSystem } from '../../system/sync-file-system.ts';
import type { KitFile } from './kit-files.ts';
import type { ProgramSource } from './program-folder.ts';
import { writeKit } from './write-kit.ts';

/** What lies beside the one file, for a person and for the holders of shares: never in it. */
export interface BesideKit {
  readonly html: string;
  readonly text: string;
  /** Paths begin with `shares/`. */
  readonly shares: readonly KitFile[];
}

export interface KitFileParts {
  readonly file: string;
  readonly files: readonly KitFile[];
  readonly beside: BesideKit;
  readonly program: ProgramSource;
  readonly signal: AbortSignal;
}

export const sharesFolder = (file: string): string => `${file}.shares`;

/** For every shell of POSIX. It wants `tail`, `gzip`, `tar`, `mktemp`, `readlink`. */
const scriptOf = (sha256: string): string => {
  const lines = (first: number): readonly string[] => [
    '#!/bin/sh',
    '# A recovery kit of Mailkeep: this script, and behind it a tar.gz with the program, Node and all that the printed page names.',
    '#   sh THIS unpack FOLDER     unpacks it',
    '#   sh THIS COMMAND …         unpacks it for the time being and starts Mailkeep, as: sh THIS snapshots -r NAME',
    '#   tail -n +LINE THIS | tar -xzf -    by hand; LINE is the number behind first= below',
    'set -e',
    'umask 077',
    `first=${first}`,
    `sum=${sha256}`,
    'self=$(readlink -f "$0")',
    'payload() { tail -n "+$first" "$self"; }',
    'if [ $# -eq 0 ]; then sed -n "2,5s/^# //p" "$self"; exit 2; fi',
    'if command -v sha256sum >/dev/null 2>&1 && [ "$(payload | sha256sum | cut -c 1-64)" != "$sum" ]; then',
    '  echo "mailkeep: this kit is damaged: its SHA-256 is another one" >&2; exit 1',
    'fi',
    'if [ "$1" = unpack ]; then',
    '  [ $# -eq 2 ] || { echo "mailkeep: sh $0 unpack FOLDER" >&2; exit 2; }',
    '  mkdir "$2" && payload | tar -xzf - -C "$2"; exit',
    'fi',
    'folder=$(mktemp -d "${TMPDIR:-/tmp}/mailkeep-kit.XXXXXXXX")',
    'trap \'rm -rf "$folder"\' EXIT',
    "trap 'exit 130' INT",
    "trap 'exit 143' TERM HUP",
    'payload | tar -xzf - -C "$folder"',
    'set +e',
    '"$folder/open.sh" "$@"',
    'exit $?',
  ];
  return `${lines(lines(0).length + 1).join('\n')}\n`;
};

const packed = async (folder: string, target: string, signal: AbortSignal): Promise<string> => {
  const digest = createHash('sha256');
  const tar = spawn('tar', ['-C', folder, '-cf', '-', '--owner=0', '--group=0', '--numeric-owner', '.'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  let said = '';
  tar.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number>((resolve, reject) => {
    tar.on('error', reject);
    tar.on('close', (code) => resolve(code ?? -1));
  });
  const count = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      digest.update(chunk);
      next(undefined, chunk);
    },
  });
  const [code] = await Promise.all([
    ended,
    pipeline(tar.stdout, createGzip({ level: 9 }), count, createWriteStream(target, { flags: 'wx', mode: 0o600 }), {
      signal,
    }),
  ]);
  if (code !== 0) throw new Fault('io-failed', `tar could not pack the kit: ${said.trim()}`);
  return digest.digest('hex');
};

const requireFree = async (paths: readonly string[]): Promise<void> => {
  for (const path of paths) {
    try {
      await lstat(path);
    } catch (error) {
      if (errnoCode(error) === 'ENOENT') continue;
      throw errnoFault(error, 'look at', path);
    }
    throw new Fault('target-occupied', `${path} is there already`, { hint: 'Give the name of a new file.' });
  }
};

const writeBeside = async (file: string, { html, text, shares }: BesideKit): Promise<void> => {
  await writeFile(`${file}.html`, html, { mode: 0o600, flag: 'wx' });
  await writeFile(`${file}.txt`, text, { mode: 0o600, flag: 'wx' });
  for (const { path, content, mode } of shares) {
    const target = join(sharesFolder(file), path.slice('shares/'.length));
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await writeFile(target, content, { mode, flag: 'wx' });
  }
};

/**
 * Writes a kit as one file that unpacks itself and starts its own program, the page for a printer beside it, and shares in a folder beside
 * it. All of it is on the disk when it resolves. Faults: `target-occupied`, `interrupted`, those of files.
 */
export const writeKitFile = async ({ file, files, beside, program, signal }: KitFileParts): Promise<void> => {
  await requireFree([file, `${file}.html`, `${file}.txt`, ...(beside.shares.length > 0 ? [sharesFolder(file)] : [])]);
  const mark = randomBytes(6).toString('hex');
  const [folder, payload, whole] = ['folder', 'payload', 'file'].map((what) =>
    join(dirname(file), `.mailkeep-kit-${mark}.${what}`),
  );
  if (folder === undefined || payload === undefined || whole === undefined) return;
  try {
    await writeKit(folder, files, program);
    const script = scriptOf(await packed(folder, payload, signal));
    await writeFile(whole, script, { mode: 0o700, flag: 'wx' });
    await pipeline(createReadStream(payload), createWriteStream(whole, { flags: 'a' }), { signal });
    await writeBeside(file, beside);
    await rename(whole, file);
  } catch (error) {
    if (signal.aborted) throw new Fault('interrupted', 'interrupted before the kit was written', { cause: error });
    throw error instanceof Fault ? error : errnoFault(error, 'write', file);
  } finally {
    for (const path of [folder, payload, whole]) await rm(path, { recursive: true, force: true });
  }
  await syncFileSystem(dirname(file));
};
