import { lstatSync, readdirSync } from 'node:fs';
import { posix } from 'node:path';
import {
  type ByteString,
  byteStringOfBytes,
  byteStringOfLatin1,
  byteStringOfText,
  displayText,
} from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import { compileGlob, matchGlob } from '../../model/glob.ts';
import type { Run } from '../../contract/run.ts';
import { errnoCode } from '../../system/errno.ts';
import { nativePath } from '../../system/native-path.ts';
import { readInput } from '../read-input.ts';

export interface GivenPathOptions {
  readonly filesFrom: readonly string[];
  readonly filesFromVerbatim: readonly string[];
  readonly filesFromRaw: readonly string[];
}

/**
 * What is to be backed up, in restic's order: the files of names (`-` is standard input), then the arguments. Faults:
 * `usage` when nothing is named at all.
 */
export const givenPaths = async (
  paths: readonly string[],
  options: GivenPathOptions,
  run: Run,
): Promise<readonly ByteString[]> => {
  const found: ByteString[] = [];
  for (const file of options.filesFrom) {
    for (const line of linesOf(await readInput(file, run))) found.push(...expanded(line, run));
  }
  for (const file of options.filesFromVerbatim) {
    const names = withoutMark(await readInput(file, run)).split(/\r?\n/);
    for (const name of names) if (name !== '') found.push(byteStringOfLatin1(name));
  }
  for (const file of options.filesFromRaw) found.push(...rawNames(await readInput(file, run), file));
  found.push(...paths.map((path) => byteStringOfText(path)));
  if (found.some((path) => path === '')) throw new Fault('usage', 'one of the paths to back up is empty');
  if (found.length > 0) return found;
  throw new Fault('usage', 'nothing is named that is to be backed up', {
    hint: 'Give folders or files, --files-from with a list of them, or --stdin.',
  });
};

/** Some editors begin a file of UTF-8 with it. */
const withoutMark = (bytes: Uint8Array): ByteString =>
  byteStringOfLatin1(byteStringOfBytes(bytes).replace(/^\xef\xbb\xbf/, ''));

const linesOf = (bytes: Uint8Array): readonly ByteString[] =>
  withoutMark(bytes)
    .split('\n')
    .map((line) => byteStringOfLatin1(line.replace(/^[\t-\r ]+|[\t-\r ]+$/g, '')))
    .filter((line) => line !== '' && !line.startsWith('#'));

const rawNames = (bytes: Uint8Array, file: string): readonly ByteString[] => {
  const names = byteStringOfBytes(bytes).split('\0');
  if (names.pop() !== '') {
    throw new Fault('usage', `the last name in ${file} has no zero byte behind it`, {
      hint: '--files-from-raw takes names that each end in a zero byte, as `find -print0` writes them.',
    });
  }
  return names.map((name) => byteStringOfLatin1(name));
};

/** Names that match a pattern of `--files-from`; none is told, as a list with a typing error must not look complete. */
const expanded = (pattern: ByteString, run: Run): readonly ByteString[] => {
  const found = expandPattern(pattern);
  if (found.length === 0) {
    const fault = new Fault('source-missing', 'nothing matches this line of --files-from', {
      hint: 'Look whether the path is right and its file system is mounted.',
    });
    run.emit({ kind: 'fault', fault, path: pattern });
  }
  return found;
};

/** The existing paths that a pattern in Go's `filepath.Glob` stands for, in byte order; `*` also matches hidden names. */
export const expandPattern = (pattern: ByteString): readonly ByteString[] => {
  const isAbsolute = pattern.startsWith('/');
  let places: readonly string[] = [isAbsolute ? '/' : ''];
  for (const part of pattern.split('/')) {
    if (part === '') continue;
    const glob = compileGlob(part);
    if (glob === undefined) {
      throw new Fault('usage', `the pattern “${displayText(pattern)}” in --files-from is malformed`, {
        hint: 'A character class needs its closing bracket; --files-from-verbatim takes names as they are.',
      });
    }
    const { literal } = glob;
    places = places.flatMap((place) =>
      literal === undefined
        ? namesIn(place)
            .filter((name) => matchGlob(glob, name))
            .map((name) => posix.join(place, name))
        : [posix.join(place, literal)],
    );
  }
  return places.map((place) => byteStringOfLatin1(place)).filter(isThere);
};

const namesIn = (place: string): readonly string[] => {
  try {
    const folder = nativePath(byteStringOfLatin1(place === '' ? '.' : place));
    return readdirSync(folder, { encoding: 'latin1' }).sort();
  } catch {
    // Like a shell: what cannot be listed matches nothing.
    return [];
  }
};

const isThere = (path: ByteString): boolean => {
  try {
    return lstatSync(nativePath(path), { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    // Why it cannot be looked at is told when it is captured.
    return errnoCode(error) !== 'ENOTDIR';
  }
};

/** The absolute form under which a path is recorded. */
export const absolutePath = (path: ByteString): ByteString => {
  const whole = path.startsWith('/') ? path : posix.join(byteStringOfText(process.cwd()), path);
  const clean = posix.normalize(whole);
  return byteStringOfLatin1(clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean);
};
