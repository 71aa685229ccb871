import { interpolated } from './interpolate.ts';

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** The value behind the `=`: quoted singly as it is, doubly with escapes, bare up to a comment. */
const valueOf = (given: string, known: ReadonlyMap<string, string>): string => {
  const single = /^'((?:[^'\\]|\\.)*)'/s.exec(given)?.[1];
  if (single !== undefined) return single.replaceAll("\\'", "'");
  const double = /^"((?:[^"\\]|\\.)*)"/s.exec(given)?.[1];
  if (double !== undefined) {
    const plain = double.replace(/\\(.)/g, (_all, letter: string) => escapes[letter] ?? letter);
    return interpolated(plain, known).text;
  }
  return interpolated(given.replace(/(?:^|\s+)#.*$/, '').trimEnd(), known).text;
};

const assignment = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*[=:]\s*(.*)$/;

/**
 * The variables of an environment file (`.env`, `mailcow.conf`, `mailu.env`), as Compose reads it; the last one of a name counts.
 * Values that go over several lines are cut at the first: none of those that matter here does.
 */
export const environmentFile = (text: string): ReadonlyMap<string, string> => {
  const known = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name, value] = assignment.exec(line) ?? [];
    if (name !== undefined && value !== undefined) known.set(name, valueOf(value, known));
  }
  return known;
};
