import type { Command } from 'commander';
import { expandVariables } from '../config/expand-variables.ts';
import type { Run } from '../contract/run.ts';
import { type ByteString, byteStringOfBytes, byteStringOfLatin1, byteStringOfText } from '../model/byte-string.ts';
import { patternLines } from '../model/filter.ts';
import { readInput } from './read-input.ts';
import { collect } from './define-command.ts';

export interface ExcludeOptions {
  readonly exclude: readonly string[];
  readonly iexclude: readonly string[];
  readonly excludeFile: readonly string[];
  readonly iexcludeFile: readonly string[];
}

export interface IncludeOptions {
  readonly include: readonly string[];
  readonly iinclude: readonly string[];
  readonly includeFile: readonly string[];
  readonly iincludeFile: readonly string[];
}

/** Patterns, apart by whether upper and lower case are the same. */
export interface Patterns {
  readonly exact: readonly ByteString[];
  readonly ignoringCase: readonly ByteString[];
}

export const addExcludeOptions = (command: Command): Command =>
  command
    .option('-e, --exclude <pattern>', 'leave out what matches (may be repeated)', collect, [])
    .option('--iexclude <pattern>', 'the same whatever the case of letters', collect, [])
    .option('--exclude-file <file>', 'leave out what matches the patterns in this file', collect, [])
    .option('--iexclude-file <file>', 'the same whatever the case of letters', collect, []);

export const addIncludeOptions = (command: Command): Command =>
  command
    .option('-i, --include <pattern>', 'take only what matches (may be repeated)', collect, [])
    .option('--iinclude <pattern>', 'the same whatever the case of letters', collect, [])
    .option('--include-file <file>', 'take only what matches the patterns in this file', collect, [])
    .option('--iinclude-file <file>', 'the same whatever the case of letters', collect, []);

const fromFiles = async (files: readonly string[], run: Run): Promise<readonly ByteString[]> => {
  const patterns: ByteString[] = [];
  for (const file of files) {
    const lines = patternLines(byteStringOfBytes(await readInput(file, run)));
    patterns.push(...lines.map((line) => byteStringOfLatin1(expandVariables(line))));
  }
  return patterns;
};

export const excludePatterns = async (options: ExcludeOptions, run: Run): Promise<Patterns> => ({
  exact: [...options.exclude.map(byteStringOfText), ...(await fromFiles(options.excludeFile, run))],
  ignoringCase: [...options.iexclude.map(byteStringOfText), ...(await fromFiles(options.iexcludeFile, run))],
});

export const includePatterns = async (options: IncludeOptions, run: Run): Promise<Patterns> => ({
  exact: [...options.include.map(byteStringOfText), ...(await fromFiles(options.includeFile, run))],
  ignoringCase: [...options.iinclude.map(byteStringOfText), ...(await fromFiles(options.iincludeFile, run))],
});
