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
  /** Which body under this UID, from 1 on: servers must not give a second one, and some do. */
  readonly body?: number;
}

/**
 * `1700000000.0000000017.a1b2c3d4.mailkeep,S=4096`: what stays when flags change; its byte order is that of the blocks. A
 * second body under the UID has `,B=2` before the sizes, so that bodies of equal size have different names, too.
 */
export const presentedIdentity = (message: PresentedMessage): ByteString => {
  const { uidValidity, uid, mark, size, virtualSize, body = 1 } = message;
  const which = body === 1 ? '' : `,B=${body}`;
  const more = virtualSize === undefined ? '' : `,W=${virtualSize}`;
  return byteStringOfLatin1(
    `${uidValidity}.${String(uid).padStart(10, '0')}.${mark}.mailkeep${which},S=${size}${more}`,
  );
};

export const presentedName = (message: PresentedMessage, letters: string): ByteString =>
  byteStringOfLatin1(`${presentedIdentity(message)}:2,${[...letters].sort().join('')}`);

export interface PresentedPlace {
  readonly uidValidity: number;
  readonly uid: number;
  readonly mark: string;
  /** Which body under this UID; the highest is the newest. */
  readonly body: number;
}

/** The same message in a folder of another mark. */
export const withMark = (identity: ByteString, mark: string): ByteString =>
  byteStringOfLatin1(identity.replace(/^(\d+\.\d+)\.[0-9a-f]{8}\./, `$1.${mark}.`));

const ownName =
  /^([1-9]\d{0,9})\.(\d{10})\.([0-9a-f]{8})\.mailkeep(?:,B=([1-9]\d{0,8}))?(?:,[SW]=\d+)*(?::2,[A-Za-z]*)?$/;

/** Where a presented name leads; undefined for a name that is none. */
export const parsePresentedName = (name: ByteString): PresentedPlace | undefined => {
  const match = ownName.exec(name);
  const [uidValidity, uid, mark = ''] = [Number(match?.[1]), Number(match?.[2]), match?.[3]];
  const body = Number(match?.[4] ?? 1);
  return isNumber32(uidValidity) && isNumber32(uid) ? { uidValidity, uid, mark, body } : undefined;
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
