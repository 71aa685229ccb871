import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { mostKeywords } from '../dovecot-files.ts';
import { splitMaildirName } from '../maildir-name.ts';

export interface MergedKeywords {
  /** The keywords of the living folder by their letters, with those that come. None of them changes its letter. */
  readonly keywords: ReadonlyMap<string, string>;
  /** For a letter of the backup, the living folder's; none where all letters are taken. */
  readonly letters: ReadonlyMap<string, string>;
  /** How many come. */
  readonly added: number;
}

const letterAt = (at: number): string => String.fromCharCode(0x61 + at);

/** After the last one that is taken, as Dovecot does it; then into gaps. */
const freeLetter = (taken: ReadonlyMap<string, string>): string | undefined => {
  let next = 0;
  for (let at = 0; at < mostKeywords; at++) if (taken.has(letterAt(at))) next = at + 1;
  if (next < mostKeywords) return letterAt(next);
  for (let at = 0; at < mostKeywords; at++) if (!taken.has(letterAt(at))) return letterAt(at);
  return undefined;
};

/**
 * Which letter of a living folder stands for each letter that messages of a backup use. `live` and `backup` are what
 * `dovecot-keywords` says there; keywords are equal without regard to case, as for Dovecot.
 */
export const mergeKeywords = (
  live: ReadonlyMap<string, string>,
  backup: ReadonlyMap<string, string>,
  used: Iterable<string>,
): MergedKeywords => {
  const keywords = new Map(live);
  const known = new Map([...live].map(([letter, keyword]) => [keyword.toLowerCase(), letter]));
  const letters = new Map<string, string>();
  for (const letter of [...new Set(used)].sort()) {
    const keyword = backup.get(letter);
    if (keyword === undefined) continue;
    const own = known.get(keyword.toLowerCase()) ?? freeLetter(keywords);
    if (own === undefined) continue;
    if (!keywords.has(own)) {
      keywords.set(own, keyword);
      known.set(keyword.toLowerCase(), own);
    }
    letters.set(letter, own);
  }
  return { keywords, letters, added: keywords.size - live.size };
};

/** The text of `dovecot-keywords`. */
export const keywordsText = (keywords: ReadonlyMap<string, string>): string =>
  [...keywords]
    .map(([letter, keyword]) => [letter.charCodeAt(0) - 0x61, keyword] as const)
    .sort(([left], [right]) => left - right)
    .map(([at, keyword]) => `${at} ${keyword}\n`)
    .join('');

/** The letters of keywords in a message's name. */
export const keywordLettersIn = (name: ByteString): readonly string[] =>
  [...(splitMaildirName(name).flags ?? '')].filter((letter) => letter >= 'a' && letter <= 'z');

export interface RenamedFlags {
  readonly name: ByteString;
  /** Keywords that the folder has no letter for. */
  readonly lost: number;
}

/** A message's name with the letters of its keywords changed into the living folder's. */
export const withLetters = (name: ByteString, letters: ReadonlyMap<string, string>): RenamedFlags => {
  const { identity, flags } = splitMaildirName(name);
  const own = keywordLettersIn(name);
  if (flags === undefined || own.length === 0) return { name, lost: 0 };
  const mapped = own.flatMap((letter) => letters.get(letter) ?? []);
  const others = [...flags].filter((letter) => letter < 'a' || letter > 'z');
  const separator = name.charAt(identity.length);
  const sorted = [...new Set([...others, ...mapped])].sort().join('');
  return { name: byteStringOfLatin1(`${identity}${separator}2,${sorted}`), lost: own.length - mapped.length };
};
