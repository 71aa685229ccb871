import { decodeWords } from './encoded-word.ts';
import { encodeModifiedUtf7 } from './mailbox-name.ts';

/** What Google's labels say of a message (X-Gmail-Labels of a Takeout). */
export interface TakeoutLabels {
  /** Flags and keywords as IMAP spells them; a label of a person's own becomes a keyword. */
  readonly flags: readonly string[];
  /** All labels as they stand, sorted. */
  readonly labels: readonly string[];
}

/** Google writes the names of its own labels in the person's language; these are told apart in the languages we know. */
const unread = new Set(['unread', '未読']);
const starred = new Set(['starred', 'スター付き']);
const drafts = new Set(['drafts', 'draft', '下書き']);
const plain = new Set(['opened', 'archived', 'inbox', 'sent', '開封済み', 'アーカイブ済み', '受信トレイ', '送信済み']);

/** Labels are parted by commas, one with a comma in it stands in quotation marks. */
export const parseTakeoutLabels = (value: string): TakeoutLabels => {
  const labels = [...decodeWords(value).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g)]
    .map(([, quoted, bare]) => (quoted ?? bare ?? '').trim())
    .filter((label) => label !== '');
  const low = labels.map((label) => label.toLowerCase());
  const own = labels.filter((_, at) => ![unread, starred, drafts, plain].some((known) => known.has(low[at] ?? '')));
  return {
    flags: [
      ...(low.some((label) => unread.has(label)) ? [] : ['\\Seen']),
      ...(low.some((label) => starred.has(label)) ? ['\\Flagged'] : []),
      ...(low.some((label) => drafts.has(label)) ? ['\\Draft'] : []),
      ...own.map(keywordOf).filter((keyword) => keyword !== ''),
    ],
    labels: [...new Set(labels)].sort(),
  };
};

/** An atom of IMAP: modified UTF-7, and `_` for what an atom cannot hold. */
const keywordOf = (label: string): string => encodeModifiedUtf7(label).replace(/[\\\x00-\x20\x7f(){%*"\]]/g, '_');
