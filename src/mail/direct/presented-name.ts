import { type ByteString, byteStringOfLatin1, bytesOf } from '../../model/byte-string.ts';
import { mostKeywords } from '../dovecot-files.ts';
import { isNumber32 } from './block-name.ts';
import type { NewHash } from './hash.ts';

/**
 * Eight digits that tell the folders of an account apart: Dovecot takes the name of a file for a message's identity in all
 * folders, and UIDVALIDITY and UID are only one in their own.
 */
export const folderMark = (raw: ByteString, newHash: NewHash): string => {
  const hash = newHash();
  hash.update(bytesOf(raw));
  return hash.digest('hex').slice(0, 8);
};

const encoder = new TextEncoder();

/** 32 digits by which Dovecot's synchronisation knows a folder again, the same wherever it is brought to. */
export const mailboxGuid = (
  account: string,
  { name, uidValidity }: { readonly name: ByteString; readonly uidValidity: number },
  newHash: NewHash,
): string => {
  const hash = newHash();
  hash.update(encoder.encode(`${account}\0${name}\0${uidValidity}`));
  return hash.digest('hex').slice(0, 32);
};

export interface PresentedMessage {
  readonly uidValidity: number;
  readonly uid: number;
  readonly mark: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Bytes of the CRLF form, where they are known. */
  readonly virtualSize?: number;
}

/** `1700000000.0000000017.a1b2c3d4.mailkeep,S=4096`: what stays when flags change; its byte order is that of the blocks. */
export const presentedIdentity = ({ uidValidity, uid, mark, size, virtualSize }: PresentedMessage): ByteString => {
  const more = virtualSize === undefined ? '' : `,W=${virtualSize}`;
  return byteStringOfLatin1(`${uidValidity}.${String(uid).padStart(10, '0')}.${mark}.mailkeep,S=${size}${more}`);
};

export const presentedName = (message: PresentedMessage, letters: string): ByteString =>
  byteStringOfLatin1(`${presentedIdentity(message)}:2,${[...letters].sort().join('')}`);

export interface PresentedPlace {
  readonly uidValidity: number;
  readonly uid: number;
  readonly mark: string;
}

/** Where a presented name leads; undefined for a name that is none. */
export const parsePresentedName = (name: ByteString): PresentedPlace | undefined => {
  const match = /^([1-9]\d{0,9})\.(\d{10})\.([0-9a-f]{8})\.mailkeep(?:,[SW]=\d+)*(?::2,[A-Za-z]*)?$/.exec(name);
  const [uidValidity, uid, mark = ''] = [Number(match?.[1]), Number(match?.[2]), match?.[3]];
  return isNumber32(uidValidity) && isNumber32(uid) ? { uidValidity, uid, mark } : undefined;
};

/** Letters for keywords, the 26 that most messages have; in the order of their names, so that the same ones get the same. */
export const keywordLetters = (counts: ReadonlyMap<string, number>): ReadonlyMap<string, string> => {
  const frequent = [...counts]
    .sort(([left, ours], [right, theirs]) => theirs - ours || (left < right ? -1 : 1))
    .slice(0, mostKeywords)
    .map(([keyword]) => keyword)
    .sort();
  return new Map(frequent.map((keyword, at) => [keyword, String.fromCharCode(0x61 + at)]));
};
