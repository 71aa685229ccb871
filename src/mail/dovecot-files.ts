import { type ByteString, byteStringOfLatin1, byteStringOfText } from '../model/byte-string.ts';

/** Dovecot names as many keywords of a folder in files; further ones it has in its index alone. */
export const mostKeywords = 26;

export const uidListName: ByteString = byteStringOfLatin1('dovecot-uidlist');
export const keywordsName: ByteString = byteStringOfLatin1('dovecot-keywords');
export const subscriptionsName: ByteString = byteStringOfLatin1('subscriptions');

export interface UidListHeader {
  readonly uidValidity: number;
  readonly uidNext: number;
  /** 32 hexadecimal digits. */
  readonly guid?: string;
}

/** The first line of `dovecot-uidlist`, version 3 (Dovecot's `maildir-uidlist.h`). */
export const uidListHeader = ({ uidValidity, uidNext, guid }: UidListHeader): string =>
  `3 V${uidValidity} N${uidNext}${guid === undefined ? '' : ` G${guid}`}\n`;

/** A message's line; `name` is that of its file, what stands behind the colon does not matter. */
export const uidListLine = (uid: number, name: ByteString): string => `${uid} :${name}\n`;

export interface UidListEntry {
  readonly uid: number;
  /** As last known; flags may be others by now. */
  readonly name: ByteString;
}

export interface UidList extends UidListHeader {
  /** In the order of the file. */
  readonly entries: readonly UidListEntry[];
  /** Lines that could not be read. */
  readonly unreadable: number;
}

/**
 * Reads `dovecot-uidlist` of version 3, and of version 1 as Courier's `courierimapuiddb` has it (`1 UIDVALIDITY UIDNEXT`,
 * then `UID name`). Undefined for what has no such header. A file of equal UIDs keeps the last line for each name.
 */
export const parseUidList = (text: ByteString): UidList | undefined => {
  const [head = '', ...lines] = text.split('\n');
  const header = head.startsWith('3 ') ? headerOf3(head) : headerOf1(head);
  if (header === undefined) return undefined;
  const entries: UidListEntry[] = [];
  let unreadable = 0;
  for (const line of lines) {
    if (line === '') continue;
    const match = /^(\d{1,10}) (?:[^:]*:)?(\S.*)$/.exec(line);
    const uid = Number(match?.[1]);
    if (match?.[2] === undefined || uid < 1 || uid > 0xffff_ffff) unreadable++;
    else entries.push({ uid, name: byteStringOfLatin1(match[2]) });
  }
  return { ...header, entries, unreadable };
};

const headerOf3 = (head: string): UidListHeader | undefined => {
  const field = (letter: string): string | undefined => new RegExp(` ${letter}(\\w+)`).exec(head)?.[1];
  const [uidValidity, uidNext, guid] = [Number(field('V')), Number(field('N')), field('G')];
  if (!(uidValidity > 0) || !(uidNext > 0)) return undefined;
  return { uidValidity, uidNext, ...(guid !== undefined && /^[0-9a-f]{32}$/.test(guid) ? { guid } : {}) };
};

const headerOf1 = (head: string): UidListHeader | undefined => {
  const match = /^1 (\d+) (\d+)/.exec(head);
  return match === null ? undefined : { uidValidity: Number(match[1]), uidNext: Number(match[2]) };
};

/** `0 name`, `1 name` …: which letter, from `a` on, stands for which keyword. */
export const encodeKeywords = (keywords: readonly string[]): string =>
  keywords
    .slice(0, mostKeywords)
    .map((keyword, at) => `${at} ${byteStringOfText(keyword)}\n`)
    .join('');

/** The keywords by their letters; holes stay holes. */
export const parseKeywords = (text: ByteString): ReadonlyMap<string, string> => {
  const keywords = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^(\d{1,2}) (\S+)$/.exec(line);
    const at = Number(match?.[1]);
    if (match?.[2] !== undefined && at < mostKeywords) keywords.set(String.fromCharCode(0x61 + at), match[2]);
  }
  return keywords;
};

/** Whether Dovecot takes it as a keyword: an atom (RFC 9051 section 9), not a system flag. */
export const isKeyword = (text: string): boolean => /^[^\\\x00-\x20\x7f-\uffff(){%*"\]]+$/.test(text);

/**
 * `subscriptions` of version 2: levels parted by tabs. Takes the directories of a Maildir++ (`.A.B`, empty for the inbox).
 */
export const encodeSubscriptions = (directories: Iterable<ByteString>): string => {
  let text = 'V\t2\n\n';
  for (const directory of directories)
    text += directory === '' ? 'INBOX\n' : `${directory.slice(1).replaceAll('.', '\t')}\n`;
  return text;
};

/** The directories again; version 1 has a name a line, its levels parted by dots. */
export const parseSubscriptions = (text: ByteString): readonly ByteString[] => {
  const lines = text.split('\n').filter((line) => line !== '');
  const isSecond = lines[0]?.startsWith('V\t') === true;
  return (isSecond ? lines.slice(1) : lines).map((line) =>
    byteStringOfLatin1(/^inbox$/i.test(line) ? '' : `.${isSecond ? line.replaceAll('\t', '.') : line}`),
  );
};
