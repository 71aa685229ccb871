import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { Run } from '../../contract/run.ts';
import { byteStringOfText, displayText } from '../../model/byte-string.ts';
import { compileFilter } from '../../model/filter.ts';
import type { EntryFilter } from '../../protocol/files/capture-context.ts';
import type { FolderTag } from '../../protocol/files/entry-filters.ts';
import { collect, parseSize } from '../define-command.ts';
import { addExcludeOptions, excludePatterns, type ExcludeOptions } from '../pattern-options.ts';

export interface ExclusionOptions extends ExcludeOptions {
  readonly excludeCaches: boolean;
  readonly excludeIfPresent: readonly string[];
  readonly excludeLargerThan?: number;
  readonly oneFileSystem: boolean;
}

const collectTag = (value: string, earlier: readonly string[]): readonly string[] => {
  const [name = ''] = value.split(':');
  if (name === '' || name.includes('/')) throw new InvalidArgumentError('It must be FILENAME or FILENAME:HEADER.');
  return collect(value, earlier);
};

export const addExclusionOptions = (command: Command): Command =>
  addExcludeOptions(command)
    .option('--exclude-caches', 'leave out folders that are marked as caches by a CACHEDIR.TAG', false)
    .option('--exclude-if-present <file[:header]>', 'leave out what lies beside such a file', collectTag, [])
    .option('--exclude-larger-than <size>', 'leave out files that are larger, e.g. 100M', parseSize)
    .option('-x, --one-file-system', 'stay on the file systems of the given paths', false);

export interface Exclusions {
  /** Asked for everything but the given paths themselves. */
  readonly filters: readonly EntryFilter[];
  /**
   * As the snapshot records them: restic's patterns, and behind them every other option that left something out. Two
   * snapshots with equal lists were made by the same rules.
   */
  readonly recorded: readonly string[];
}

/** Faults: `usage` for a malformed pattern, `configuration` for a file of patterns that cannot be read. */
export const exclusionsOf = async (options: ExclusionOptions, run: Run): Promise<Exclusions> => {
  const [{ filterOfPaths }, files] = await Promise.all([
    import('../../protocol/files/capture-context.ts'),
    import('../../protocol/files/entry-filters.ts'),
  ]);
  const { exact, ignoringCase } = await excludePatterns(options, run);
  const filters: EntryFilter[] = [];
  if (exact.length > 0) filters.push(filterOfPaths(compileFilter(exact)));
  if (ignoringCase.length > 0) filters.push(filterOfPaths(compileFilter(ignoringCase, { ignoreCase: true })));
  if (options.excludeLargerThan !== undefined) filters.push(files.notLargerThan(options.excludeLargerThan));
  const tags = [...(options.excludeCaches ? [files.cacheTag] : []), ...options.excludeIfPresent.map(tagOf)];
  for (const tag of tags) {
    filters.push(files.withoutTagged(tag, (fault, path) => run.emit({ kind: 'fault', fault, path })));
  }
  return { filters, recorded: [...exact.map(displayText), ...recordedOptions(options, ignoringCase.map(displayText))] };
};

const tagOf = (text: string): FolderTag => {
  const colon = text.indexOf(':');
  const [name, header] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  return { name: byteStringOfText(name), header: byteStringOfText(header) };
};

const recordedOptions = (options: ExclusionOptions, ignoringCase: readonly string[]): readonly string[] => [
  ...ignoringCase.map((pattern) => `--iexclude=${pattern}`),
  ...(options.excludeCaches ? ['--exclude-caches'] : []),
  ...options.excludeIfPresent.map((tag) => `--exclude-if-present=${tag}`),
  ...(options.excludeLargerThan === undefined ? [] : [`--exclude-larger-than=${options.excludeLargerThan}`]),
  ...(options.oneFileSystem ? ['--one-file-system'] : []),
];
