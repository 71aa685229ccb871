import { byteStringOfBytes, byteStringOfLatin1, displayText } from './byte-string.ts';
import type { ByteString } from './byte-string.ts';
import type { Path } from './entry.ts';
import { Fault } from './fault.ts';
import { characterAt, compileGlob, matchGlob } from './glob.ts';
import type { Glob } from './glob.ts';

/** `excluded-children-may-match`: the directory itself is not wanted, but something in it may be. */
export type FilterVerdict = 'included' | 'excluded' | 'excluded-children-may-match';

/** Judges an entry by its absolute path: names from the root of the file system, or of the snapshot, downwards. */
export type PathFilter = (path: Path, isDirectory: boolean) => FilterVerdict;

export interface FilterOptions {
  /** As restic's `--iexclude` and `--iinclude`: upper and lower case are the same. */
  readonly ignoreCase?: boolean;
}

type PatternPart = 'root' | 'any-depth' | Glob;

interface Pattern {
  readonly parts: readonly PatternPart[];
  readonly negated: boolean;
}

/**
 * restic's exclude patterns. Each is a path pattern; without a `/` at its beginning it may match at any depth. `*`, `?`,
 * `[…]` stay within a name, `**` stands for any number of directories. What lies in an excluded directory is excluded.
 * A pattern that begins with `!` takes back what earlier ones excluded, though nothing inside a directory that stays
 * excluded. Empty patterns count for nothing. Throws the Fault `usage` for a malformed pattern.
 */
export const compileFilter = (patterns: readonly ByteString[], options: FilterOptions = {}): PathFilter => {
  const judge = compileList(patterns, options);
  return (path) => (judge(path).matched ? 'excluded' : 'included');
};

/** Include patterns for a restore: in the same language, what matches is wanted, and nothing else. */
export const compileInclude = (patterns: readonly ByteString[], options: FilterOptions = {}): PathFilter => {
  const judge = compileList(patterns, options);
  return (path, isDirectory) => {
    const { matched, childrenMayMatch } = judge(path);
    if (matched) return 'included';
    return isDirectory && childrenMayMatch ? 'excluded-children-may-match' : 'excluded';
  };
};

/**
 * The patterns in a file (`--exclude-file`): one a line, white space around it removed, lines that are empty or begin with `#`
 * left out. Variables are for the caller to expand.
 */
export const patternLines = (file: ByteString): ByteString[] =>
  file
    .split('\n')
    .map((line) => byteStringOfLatin1(line.replace(/^[\t-\r ]+|[\t-\r ]+$/g, '')))
    .filter((line) => line !== '' && !line.startsWith('#'));

interface Judgement {
  readonly matched: boolean;
  readonly childrenMayMatch: boolean;
}

const compileList = (texts: readonly ByteString[], options: FilterOptions): ((path: Path) => Judgement) => {
  const fold = options.ignoreCase === true ? lowerCase : (text: ByteString): ByteString => text;
  const patterns = texts.filter((text) => text !== '').map((text) => compilePattern(fold(text), text));
  return (path) => {
    const names = ['/', ...(path.length === 0 ? [''] : path.map(fold))];
    let matched = false;
    let childrenMayMatch = false;
    for (const pattern of patterns) {
      const matches = matchesPath(pattern.parts, names);
      if (pattern.negated) {
        matched &&= !matches;
        childrenMayMatch &&= !matches;
      } else {
        matched ||= matches;
        childrenMayMatch ||= childMayMatch(pattern.parts, names);
      }
    }
    return { matched, childrenMayMatch };
  };
};

const compilePattern = (text: ByteString, original: ByteString): Pattern => {
  const negated = text.startsWith('!');
  const [first = '', ...rest] = cleanPath(negated ? text.slice(1) : text).split('/');
  const compile = (part: string): PatternPart => {
    // The pattern `/` has an empty part, which counts as `**`: it matches everything, as with restic.
    if (part === '**' || part === '') return 'any-depth';
    const glob = compileGlob(part);
    if (glob !== undefined) return glob;
    throw new Fault('usage', `the pattern “${displayText(original)}” is malformed`, {
      hint: 'A character class needs its closing bracket, and a backslash needs a character behind it.',
    });
  };
  return { parts: [first === '' ? 'root' : compile(first), ...rest.map(compile)], negated };
};

/** The shortest equal path: no empty or `.` names, and `..` resolved where it can be, as Go's `filepath.Clean` has it. */
const cleanPath = (text: string): string => {
  const isAbsolute = text.startsWith('/');
  const names: string[] = [];
  for (const name of text.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.length > 0 && names.at(-1) !== '..') names.pop();
    else if (!isAbsolute) names.push(name);
  }
  if (isAbsolute) return `/${names.join('/')}`;
  return names.length === 0 ? '.' : names.join('/');
};

/** Whether the pattern matches the path or a directory above it. */
const matchesPath = (parts: readonly PatternPart[], names: readonly string[]): boolean => {
  if (parts[0] === 'root') return matchesFrom(parts, names, 0);
  for (let start = 1; start < names.length; start++) if (matchesFrom(parts, names, start)) return true;
  return false;
};

const matchesFrom = (parts: readonly PatternPart[], names: readonly string[], start: number): boolean => {
  let positions = new Set([start]);
  let depths = 0;
  let fixedParts = 0;
  for (const part of parts) {
    if (part === 'any-depth') {
      depths++;
      // restic lets the k-th `**` reach only so far that all parts still fit: the later `**` count as one name each.
      const furthest = start + fixedParts + names.length - parts.length + depths;
      positions = spread(positions, Math.min(furthest, names.length));
    } else {
      fixedParts++;
      positions = advance(part, names, positions);
    }
    if (positions.size === 0) return false;
  }
  return true;
};

const spread = (positions: ReadonlySet<number>, furthest: number): Set<number> => {
  const reached = new Set<number>();
  for (let at = Math.min(...positions); at <= furthest; at++) reached.add(at);
  return reached;
};

const advance = (part: 'root' | Glob, names: readonly string[], positions: ReadonlySet<number>): Set<number> => {
  const next = new Set<number>();
  for (const position of positions) {
    const name = names[position];
    if (name === undefined) continue;
    if (part === 'root' ? name === '/' : matchGlob(part, name)) next.add(position + 1);
  }
  return next;
};

/** Whether something below the directory could match; only a pattern from the root can say no. */
const childMayMatch = (parts: readonly PatternPart[], names: readonly string[]): boolean => {
  if (parts[0] !== 'root') return true;
  const firstDepth = parts.indexOf('any-depth');
  const known = Math.min(names.length, firstDepth < 0 ? parts.length : firstDepth);
  return matchesFrom(parts.slice(0, known), names.slice(0, known), 0);
};

const encoder = new TextEncoder();

/** Lower case character by character; a byte that is not UTF-8 becomes U+FFFD, as in Go. */
const lowerCase = (text: ByteString): ByteString => {
  if (!/[A-Z\x80-\xff]/.test(text)) return text;
  let lower = '';
  for (let at = 0; at < text.length;) {
    const { codePoint, width } = characterAt(text, at);
    lower += String.fromCodePoint(String.fromCodePoint(codePoint).toLowerCase().codePointAt(0) ?? codePoint);
    at += width;
  }
  return byteStringOfBytes(encoder.encode(lower));
};
