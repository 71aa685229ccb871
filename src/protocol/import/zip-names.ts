import type { ByteString } from '../../model/byte-string.ts';
import { folderName, withoutSuffix } from './folder-name.ts';

/** Of a file in a zip: a message, an mbox, what only its beginning tells, what is no mail, or what a system put beside it. */
export type ZipFileKind = 'message' | 'mbox' | 'unknown' | 'other' | 'system';

const isApple = (level: string | undefined): boolean => level !== undefined && /\.mbox$/i.test(level);

/** What a name tells of a file. */
export const zipFileKind = (name: string): ZipFileKind => {
  const levels = name.split('/');
  const own = levels.at(-1) ?? '';
  // macOS keeps attributes of `a.eml` in `._a.eml`, which ends like a message and is none.
  if (levels.includes('__MACOSX') || own.startsWith('._') || own === '.DS_Store') return 'system';
  if (own.startsWith('.') || /\.(?:msf|json|html|dat|js)$/i.test(own)) return 'other';
  if (/\.eml$/i.test(own)) return 'message';
  if (/\.(?:mbox|mbx)$/i.test(own) || (own === 'mbox' && isApple(levels.at(-2)))) return 'mbox';
  return 'unknown';
};

/** Without the file that Apple Mail keeps in `Work.mbox`. */
const ownLevels = (levels: readonly string[]): readonly string[] =>
  levels.at(-1) === 'mbox' && isApple(levels.at(-2)) ? levels.slice(0, -1) : levels;

const isTakeout = (levels: readonly string[]): boolean => levels.length > 1 && /^takeout$/i.test(levels[0] ?? '');

/**
 * The mail folders of mboxes, by the levels of their files. Google's own folders around its mboxes are none: `Takeout`, and
 * the one below it, if it is the only one there with mboxes. Thunderbird keeps the folders below `Work` in `Work.sbd`.
 */
export const mboxFolderNames = (files: readonly (readonly string[])[]): ((levels: readonly string[]) => ByteString) => {
  const below = files.map(ownLevels).filter((levels) => isTakeout(levels) && levels.length > 2);
  const around = new Set(below.map((levels) => levels[1])).size === 1 ? 2 : 1;
  return (levels) => {
    const whole = ownLevels(levels);
    const named = isTakeout(whole) ? whole.slice(Math.min(around, whole.length - 1)) : whole;
    const parents = named.slice(0, -1).map((level) => level.replace(/\.(?:sbd|mbox)$/i, '') || level);
    return folderName([...parents, withoutSuffix(named.at(-1) ?? '')]);
  };
};
