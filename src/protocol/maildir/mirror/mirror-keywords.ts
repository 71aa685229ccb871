import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { splitFlags } from '../../../mail/direct/flags.ts';
import { isKeyword, keywordsName, mostKeywords, parseKeywords } from '../../../mail/dovecot-files.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { replaceFile } from './mirror-state.ts';

/** Which letter stands for which keyword in a folder: `dovecot-keywords`. A letter never changes its meaning. */
export interface MirrorKeywords {
  /** Letters of the flags and of those keywords that have one; new keywords get one as long as there are any. */
  lettersOf(flags: readonly string[]): string;
  /** The keyword of a letter `a` to `z`. */
  keywordOf(letter: string): string | undefined;
  /** Writes the file if keywords came. To be done before a name uses their letters. */
  save(): Promise<void>;
}

export const readMirrorKeywords = async (directory: string): Promise<MirrorKeywords> => {
  const path = join(directory, keywordsName);
  const known = new Map(await readKeywords(path));
  const letters = new Map([...known].map(([letter, keyword]) => [keyword, letter]));
  let changed = false;

  const letterOf = (keyword: string): string => {
    const letter = letters.get(keyword);
    if (letter !== undefined || !isKeyword(keyword)) return letter ?? '';
    for (let at = 0; at < mostKeywords; at++) {
      const free = String.fromCharCode(0x61 + at);
      if (known.has(free)) continue;
      known.set(free, keyword);
      letters.set(keyword, free);
      changed = true;
      return free;
    }
    return '';
  };

  return {
    lettersOf(flags) {
      const split = splitFlags(flags);
      return split.letters + split.keywords.map(letterOf).join('');
    },
    keywordOf: (letter) => known.get(letter),
    async save() {
      if (!changed) return;
      const lines = [...known].map(([letter, keyword]) => [letter.charCodeAt(0) - 0x61, keyword] as const);
      lines.sort(([left], [right]) => left - right);
      await replaceFile(path, lines.map(([at, keyword]) => `${at} ${keyword}\n`).join(''));
      changed = false;
    },
  };
};

const readKeywords = async (path: string): Promise<ReadonlyMap<string, string>> => {
  try {
    return parseKeywords(byteStringOfLatin1(await readFile(path, 'latin1')));
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return new Map();
    throw errnoFault(error, 'read', path);
  }
};
