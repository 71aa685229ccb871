import { type ByteString, byteStringOfLatin1, bytesOf } from '../../model/byte-string.ts';
import { encodeModifiedUtf7, isModifiedUtf7 } from '../mailbox-name.ts';

/** A folder that is to be restored. */
export interface NamedFolder {
  /** For people: levels parted by `/`. */
  readonly name: string;
  /** As they were on their server; `INBOX` alone for the inbox. */
  readonly levels: readonly ByteString[];
  readonly specialUse: readonly string[];
  /** `INBOX` in front is the prefix of its server, and no folder that this one lies in: see `areBelowInbox`. */
  readonly isPrefixed?: boolean;
}

/**
 * Whether the server had a prefix, as Courier and many a Cyrus have `INBOX.`: all folders but the inbox lie below that.
 */
export const areBelowInbox = (folders: readonly Pick<NamedFolder, 'levels'>[]): boolean => {
  const others = folders.filter(({ levels }) => levels.length > 1 || levels[0]?.toUpperCase() !== 'INBOX');
  return others.length > 0 && others.every(({ levels }) => levels.length > 1 && levels[0]?.toUpperCase() === 'INBOX');
};

/** How names are made where mail is brought to. */
export interface NamingRules {
  readonly delimiter: string | undefined;
  /** Of the personal namespace: `INBOX.` with some servers, mostly empty. */
  readonly prefix: ByteString;
  /** Names of the folders with a special use there. */
  readonly specialUse: ReadonlyMap<string, ByteString>;
  /** Names of all folders there. */
  readonly existing: ReadonlySet<ByteString>;
}

/** What a person asked for. Names as people write them, levels parted by `/`. */
export interface NamingWishes {
  readonly map: readonly { readonly from: string; readonly to: string }[];
  /** Everything goes below this folder. */
  readonly below?: string;
}

export type TargetName =
  | { readonly kind: 'named'; readonly name: ByteString }
  | { readonly kind: 'refused'; readonly reason: string };

/** Of the special uses those that are folders of their own everywhere; `\Flagged` and the like are views. */
const mappedUses = new Set(['\\Sent', '\\Drafts', '\\Trash', '\\Junk', '\\Archive', '\\All']);

const levelsOfText = (text: string): readonly ByteString[] =>
  text
    .split('/')
    .filter((level) => level !== '')
    .map((level) => encodeModifiedUtf7(level));

/** Where a folder goes. A wish comes first, then its special use, then its own name. */
export const targetName = (folder: NamedFolder, rules: NamingRules, wishes: NamingWishes): TargetName => {
  const wished = wishedLevels(folder, wishes);
  if (wished === undefined && wishes.below === undefined) {
    for (const use of folder.specialUse) {
      const name = mappedUses.has(use) ? rules.specialUse.get(use) : undefined;
      if (name !== undefined) return { kind: 'named', name };
    }
  }
  const own = wished ?? ownLevels(folder, rules);
  return joined(wishes.below === undefined ? own : [...levelsOfText(wishes.below), ...own], rules);
};

/** A prefix stays behind, unless the server has the same one, or the very folder. */
const ownLevels = ({ levels, isPrefixed = false }: NamedFolder, rules: NamingRules): readonly ByteString[] => {
  if (!isPrefixed || levels.length < 2 || /^inbox/i.test(rules.prefix)) return levels;
  const whole = joined(levels, rules);
  return whole.kind === 'named' && rules.existing.has(whole.name) ? levels : levels.slice(1);
};

const areSame = (name: string, from: string): boolean =>
  from.toLowerCase() === 'inbox' ? name.toLowerCase() === 'inbox' : name === from;

/** The first wish for another name that no folder has, mostly a name that was misspelled. */
export const unheardWish = (names: readonly string[], { map }: NamingWishes): string | undefined =>
  map.find(({ from }) => !names.some((name) => areSame(name, from) || name.startsWith(`${from}/`)))?.from;

const wishedLevels = ({ name, levels }: NamedFolder, { map }: NamingWishes): readonly ByteString[] | undefined => {
  for (const { from, to } of map) {
    if (areSame(name, from)) return levelsOfText(to);
    if (!name.startsWith(`${from}/`)) continue;
    return [...levelsOfText(to), ...levels.slice(from.split('/').length)];
  }
  return undefined;
};

const joined = (levels: readonly ByteString[], { delimiter, prefix }: NamingRules): TargetName => {
  const [first] = levels;
  if (first === undefined) return { kind: 'refused', reason: 'it has no name' };
  if (levels.length === 1 && first.toUpperCase() === 'INBOX')
    return { kind: 'named', name: byteStringOfLatin1('INBOX') };
  if (levels.length > 1 && delimiter === undefined) {
    return { kind: 'refused', reason: 'the server has no folders within folders' };
  }
  const encoded: ByteString[] = [];
  for (const level of levels) {
    const name = encodedLevel(level);
    if (name === undefined) return { kind: 'refused', reason: 'its name is no text' };
    if (name === '' || (delimiter !== undefined && name.includes(delimiter))) {
      return {
        kind: 'refused',
        reason: `a level of its name cannot be “${name}” there, where ${delimiter ?? ''} parts levels`,
      };
    }
    encoded.push(name);
  }
  const whole = encoded.join(delimiter ?? '');
  const isBelow = prefix !== '' && whole.toUpperCase().startsWith(prefix.toUpperCase());
  return { kind: 'named', name: byteStringOfLatin1(isBelow ? whole : `${prefix}${whole}`) };
};

const strictDecoder = new TextDecoder('utf-8', { fatal: true });

/** Modified UTF-7; undefined for what is neither that nor UTF-8, or holds control characters. */
const encodedLevel = (level: ByteString): ByteString | undefined => {
  if (isModifiedUtf7(level)) return level;
  try {
    const text = strictDecoder.decode(bytesOf(level));
    return /[\x00-\x1f\x7f]/.test(text) ? undefined : encodeModifiedUtf7(text);
  } catch {
    return undefined;
  }
};
