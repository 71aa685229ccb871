import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { compileFilter, compileInclude, type PathFilter } from '../../model/filter.ts';
import type { Path } from '../../model/entry.ts';
import type { Patterns } from '../pattern-options.ts';

/** What is to be restored, asked with the path below the root, names joined by `/`, '' for the root itself. */
export type RestoreFilter = (path: ByteString, isDirectory: boolean) => boolean;

const namesOf = (path: ByteString): Path => path.split('/').map((name) => byteStringOfLatin1(name));

const compileBoth = (
  compile: (patterns: readonly ByteString[], options?: { readonly ignoreCase: boolean }) => PathFilter,
  { exact, ignoringCase }: Patterns,
): readonly PathFilter[] => [
  ...(exact.length > 0 ? [compile(exact)] : []),
  ...(ignoringCase.length > 0 ? [compile(ignoringCase, { ignoreCase: true })] : []),
];

const remembered = 4096;

/** What lies in an excluded folder is excluded, whatever a later pattern with `!` takes back. */
const createExclusion = (judges: readonly PathFilter[]): ((path: ByteString, isDirectory: boolean) => boolean) => {
  const known = new Map<string, boolean>();
  const isFolderOut = (folder: string): boolean => {
    if (folder === '') return false;
    const answer = known.get(folder);
    if (answer !== undefined) return answer;
    const path = byteStringOfLatin1(folder);
    const isOut = isFolderOut(folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) || judged(path, true);
    if (known.size >= remembered) known.clear();
    known.set(folder, isOut);
    return isOut;
  };
  const judged = (path: ByteString, isDirectory: boolean): boolean => {
    const names = namesOf(path);
    return judges.some((judge) => judge(names, isDirectory) === 'excluded');
  };
  return (path, isDirectory) =>
    isDirectory
      ? isFolderOut(path)
      : isFolderOut(path.slice(0, Math.max(0, path.lastIndexOf('/')))) || judged(path, false);
};

/** Undefined: everything. With patterns of both kinds, what is included and not excluded. Fault `usage` for a malformed one. */
export const restoreFilter = (include: Patterns, exclude: Patterns): RestoreFilter | undefined => {
  const includes = compileBoth(compileInclude, include);
  const excludes = compileBoth(compileFilter, exclude);
  if (includes.length + excludes.length === 0) return undefined;
  const isExcluded = createExclusion(excludes);
  return (path, isDirectory) => {
    if (path === '') return true;
    if (isExcluded(path, isDirectory)) return false;
    if (includes.length === 0) return true;
    const names = namesOf(path);
    return includes.some((judge) => judge(names, isDirectory) === 'included');
  };
};
