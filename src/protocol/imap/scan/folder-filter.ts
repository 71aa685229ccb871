import { mailboxText } from '../../../mail/mailbox-name.ts';
import { displayText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import type { ListedFolder } from './folder-list.ts';

/** Names as people write them, globs (`*` within a level, `**` across levels, `?`), or special uses (`\Trash`). */
export interface FolderFilter {
  /** Only these; undefined: all. */
  readonly include?: readonly string[];
  /** Not these, even where `include` names them. */
  readonly exclude?: readonly string[];
}

/**
 * The folders that are wanted. A name or glob of a folder takes in what lies below it. Fault `configuration` for an
 * `include` that matches nothing: a name that was misspelled must not look like a folder that is empty; and for a filter that
 * leaves nothing, which must not look like an account that is empty. An `exclude` that matches nothing leaves out nothing, and
 * is only told.
 */
export const wantedFolders = (
  folders: readonly ListedFolder[],
  { include, exclude = [] }: FolderFilter,
  tell: (message: string) => void,
): readonly ListedFolder[] => {
  const included = include?.map((pattern) => matcherOf(pattern));
  const excluded = exclude.map((pattern) => matcherOf(pattern));
  for (const [at, matches] of (included ?? []).entries()) {
    if (!folders.some(matches)) throw matchesNothing(include?.[at] ?? '', folders);
  }
  for (const [at, matches] of excluded.entries()) {
    if (!folders.some(matches))
      tell(`no folder of the account matches "${exclude[at] ?? ''}", which is to be left out`);
  }
  const wanted = folders.filter(
    (folder) => (included?.some((is) => is(folder)) ?? true) && !excluded.some((is) => is(folder)),
  );
  if (folders.some(({ selectable }) => selectable) && !wanted.some(({ selectable }) => selectable)) {
    throw new Fault(
      'configuration',
      'folders leaves out every folder of the account, so that nothing would be backed up',
      {
        hint: `Look at folders in the configuration. ${thereAre(folders)}`,
      },
    );
  }
  return wanted;
};

type Matcher = (folder: ListedFolder) => boolean;

const matcherOf = (pattern: string): Matcher => (pattern.startsWith('\\') ? bySpecialUse(pattern) : byName(pattern));

const matchesNothing = (pattern: string, folders: readonly ListedFolder[]): Fault =>
  new Fault('configuration', `no folder of the account matches "${pattern}"`, {
    hint: thereAre(folders),
    context: { pattern },
  });

const thereAre = (folders: readonly ListedFolder[]): string => {
  const names = folders.slice(0, 20).map(({ name }) => mailboxText(name));
  return `There are: ${names.join(', ')}${folders.length > names.length ? ', …' : ''}`;
};

const bySpecialUse = (pattern: string): Matcher => {
  const wanted = pattern.toLowerCase();
  return ({ specialUse }) => specialUse.some((use) => use.toLowerCase() === wanted);
};

const byName = (pattern: string): Matcher => {
  const expressions = new Map<string, RegExp>();
  return ({ name, delimiter = '/' }) => {
    const expression = expressions.get(delimiter) ?? expressionOf(pattern, delimiter);
    expressions.set(delimiter, expression);
    return expression.test(mailboxText(name)) || expression.test(displayText(name));
  };
};

const special = /[.*+?^${}()|[\]\\/]/g;

/** `/` in a pattern is the server's own delimiter, whatever that is; the delimiter itself may be written too. */
const expressionOf = (pattern: string, delimiter: string): RegExp => {
  const level = delimiter.replace(special, '\\$&');
  const body = pattern.replace(/\*\*|[\s\S]/gu, (part) => {
    if (part === '**') return '[\\s\\S]*';
    if (part === '*') return `(?:(?!${level})[\\s\\S])*`;
    if (part === '?') return `(?!${level})[\\s\\S]`;
    if (part === '/') return `(?:${level}|/)`;
    return part.replace(special, '\\$&');
  });
  const inbox = /^INBOX(?![^/])/i.test(pattern) ? 'i' : '';
  return new RegExp(`^${body}(?:${level}[\\s\\S]*)?$`, `u${inbox}`);
};
