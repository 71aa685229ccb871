import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Found, mailkeepStart, missing, notBuilt, type Place, versionOf } from './program.ts';
import type { Command } from './measure.ts';

const dist = fileURLToPath(new URL('../dist', import.meta.url));

/** Those that keep one folder a day, with hard links for what is unchanged. `folder` is for a start file. */
export function findDatedPrograms(folder: string): Found[] {
  return [findMailkeep(folder), findRsync()];
}

/** What the launcher in bin/ sets. */
const launcherFlags = ['--semi-space-growth-factor=1', '--heap-growing-percent=30'];

/** A night as a run makes it, as far as the disk goes: begin, capture, publish. */
const night = (
  module: (path: string) => string,
  compiled: string,
): string => `import { readdirSync, existsSync } from 'node:fs';
import { openDatedStore } from ${module('store/dated/dated-store.js')};
import { createFilesSource } from ${module('protocol/files/files-source.js')};
import { loadPosix } from ${module('system/posix.js')};
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
enableCompileCache(${JSON.stringify(compiled)});
const [source, root] = process.argv.slice(2);
for (const flag of ${JSON.stringify(launcherFlags)}) setFlagsFromString(flag);
const posix = await loadPosix();
const signal = new AbortController().signal;
const run = { signal, now: () => BigInt(Date.now()) * 1_000_000n, emit: ({ kind, fault }) => fault && console.error(fault) };
const days = existsSync(root + '/daily') ? readdirSync(root + '/daily').length : 0;
const date = new Date(Date.UTC(2026, 0, 1 + days)).toISOString().slice(0, 10);
const store = openDatedStore({ root, posix });
const writer = await store.begin({ kind: 'daily', date }, run);
const maildir = { skipUnchangedFolders: true, rescan: false, seventh: days % 7 };
const component = {
  name: 'mail',
  form: 'tree',
  open: async () => createFilesSource({ paths: ['.'], workingDirectory: source, posix, maildir }),
};
await writer.capture(component, run);
const { state } = await writer.publish([], run);
await store.close();
if (state !== 'good') process.exitCode = 1;
`;

function findMailkeep(folder: string): Found {
  const installed = mailkeepStart(folder);
  if (installed === undefined || !existsSync(join(dist, 'store', 'dated', 'dated-store.js'))) {
    return { kind: 'missing', name: 'mailkeep', why: notBuilt };
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const start = join(folder, 'dated-night.mjs');
  writeFileSync(
    start,
    night((path) => JSON.stringify(pathToFileURL(join(dist, path)).href), join(folder, 'compiled')),
  );
  return {
    kind: 'program',
    program: {
      name: 'mailkeep',
      version: process.versions.node,
      how: 'compiled; with checksums, a manifest, what was written read back, and all of it on the disk (syncfs); a restore checks the backup first, and what it wrote afterwards',
      isIncremental: true,
      backup: (place, source) => ({
        program: process.execPath,
        args: [start, source, place.repository],
        env: place.env,
      }),
      restore: ({ repository, env }, target) => ({
        program: process.execPath,
        args: [
          ...installed.head,
          'restore',
          '--from',
          join(repository, 'latest'),
          '--component',
          'mail',
          '--into',
          target,
          '--yes',
        ],
        env,
      }),
    },
  };
}

function findRsync(): Found {
  const version = versionOf('rsync', ['--version']);
  if (version === undefined) return missing('rsync', 'Debian package rsync');
  let day = 0;
  const backup = (place: Place, source: string): Command => {
    const before = join(place.repository, String(day));
    const now = join(place.repository, String(++day));
    const links = existsSync(before) ? [`--link-dest=${before}`] : [];
    mkdirSync(place.repository, { recursive: true });
    return { program: 'rsync', args: ['-a', ...links, `${source}/`, `${now}/`], env: place.env };
  };
  return {
    kind: 'program',
    program: {
      name: 'rsync',
      version,
      how: '-a, and --link-dest of the day before: no checksums, no fsync',
      isIncremental: true,
      backup,
      restore: ({ repository, env }, target) => ({
        program: 'rsync',
        args: ['-a', `${join(repository, String(day))}/`, `${target}/`],
        env,
      }),
    },
  };
}
