#!/usr/bin/env node
// Starts Mailkeep on a Node that can run it. Plain JavaScript that every Node >= 18 understands.
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import nodeModule from 'node:module';
import { constants as osConstants, homedir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const OLDEST = [22, 18];
const launcher = realpathSync(fileURLToPath(import.meta.url));
const root = dirname(dirname(launcher));

/** The compiled program of an installed package, or the sources of a checkout (Node strips no types below node_modules). */
function programPath() {
  const source = join(root, 'src', 'cli', 'main.ts');
  const installed = root.split(sep).includes('node_modules');
  return !installed && existsSync(source) ? source : join(root, 'dist', 'cli', 'main.js');
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** Drops Node's notes on features it calls experimental (sqlite, type stripping on 22); every other warning stays. */
function silenceExperimentalWarnings() {
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const [options] = rest;
    const type = typeof options === 'object' && options !== null ? options.type : options;
    if (type === 'ExperimentalWarning' || warning?.name === 'ExperimentalWarning') return;
    Reflect.apply(emitWarning, process, [warning, ...rest]);
  };
}

function pinnedNode() {
  const path = join(root, 'node_modules', 'node', 'bin', 'node');
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}

/** Runs this launcher again on `node`, as close to exec as an old Node can: same terminal, signals, exit code. */
function runAgainOn(node) {
  const flags = ['--disable-warning=ExperimentalWarning', ...process.execArgv];
  const child = spawn(node, [...flags, launcher, ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C and Ctrl-\ reach the whole process group from the terminal; passed on again, the program would see them twice.
  const onTerminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) {
    const fromTerminal = onTerminal && (signal === 'SIGINT' || signal === 'SIGQUIT');
    process.on(signal, () => {
      if (!fromTerminal) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    process.stderr.write(`mailkeep: ${node} could not be started: ${error.message}\n`);
    process.exitCode = 2;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 2;
      return;
    }
    process.exitCode = 128 + (osConstants.signals[signal] ?? 0);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/**
 * Keeps V8's heaps small. What this program makes is garbage soon, and yet V8 would let the nursery of the main thread grow to
 * 134 MB in a first backup of 100,000 messages, and the rest to a multiple of what is in use. A small nursery stays in the
 * processor's cache and costs no page faults. Once, before any other thread runs, as threads read these flags while they
 * work; and before code is compiled: what is kept compiled is of use under the same flags only.
 */
function keepHeapsSmall() {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=30');
}

/** Whether nobody but root and ourselves can put anything there, or anything else in its place. */
function isOwn(folder) {
  const { uid, mode } = statSync(folder);
  const isOthers = (mode & 0o022) !== 0 && (mode & 0o1000) === 0;
  if (isOthers || (uid !== 0 && uid !== process.geteuid())) return false;
  return folder === dirname(folder) || isOwn(dirname(folder));
}

/** The first of a folder and those above it that is there. */
function existing(folder) {
  return existsSync(folder) ? realpathSync(folder) : existing(dirname(folder));
}

/**
 * Lets Node keep the compiled program in the folder of caches: a tenth of the processor time of a short command. Code comes
 * from there, so it must be ours alone. Without such a folder, or on a Node that cannot, all is as before, and slower.
 */
function keepCompiled() {
  const { MAILKEEP_CACHE_DIR, XDG_CACHE_HOME, HOME } = process.env;
  const cache = MAILKEEP_CACHE_DIR || join(XDG_CACHE_HOME || join(HOME || homedir(), '.cache'), 'mailkeep');
  const folder = join(cache, 'compiled');
  try {
    // Whoever has set NODE_COMPILE_CACHE has chosen another place.
    if (nodeModule.enableCompileCache === undefined || nodeModule.getCompileCacheDir() !== undefined) return;
    if (!isOwn(existing(folder))) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isOwn(realpathSync(folder))) return;
    nodeModule.enableCompileCache(folder);
    // Threads ask the environment only: an eighth of the processor time of a small backup.
    process.env.NODE_COMPILE_CACHE = folder;
  } catch {
    // A file system that is full or read-only, a folder that may not be looked into.
  }
}

async function start() {
  if (!isNewEnough(process.versions.node)) {
    const node = pinnedNode();
    if (node !== undefined) {
      runAgainOn(node);
      return;
    }
    process.stderr.write(
      `mailkeep: this is Node ${process.versions.node}, and Mailkeep needs Node ${OLDEST.join('.')} or newer.\n`,
    );
    process.exitCode = 2;
    return;
  }
  const program = programPath();
  if (!existsSync(program)) {
    process.stderr.write(`mailkeep: ${program} is missing; install the package again.\n`);
    process.exitCode = 2;
    return;
  }
  silenceExperimentalWarnings();
  keepHeapsSmall();
  keepCompiled();
  const { main } = await import(pathToFileURL(program).href);
  process.exitCode = await main(process.argv.slice(2));
}

await start();
