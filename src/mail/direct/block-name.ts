import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';

/** UIDs from `block * 1024` until before `(block + 1) * 1024`, of one generation of a folder. */
export interface BlockPlace {
  readonly uidValidity: number;
  readonly block: number;
}

export const uidsOfBlock = 1024;

export const blockOfUid = (uid: number): number => Math.floor(uid / uidsOfBlock);

/** Both are what IMAP calls an nz-number: 1 to 4294967295 (RFC 9051 section 9). */
export const isNumber32 = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 0xffff_ffff;

/** `1700000000.0000007`: UIDVALIDITY and the UID without its lowest ten bits, in seven digits. */
export const blockName = ({ uidValidity, block }: BlockPlace): ByteString =>
  byteStringOfLatin1(`${uidValidity}.${String(block).padStart(7, '0')}`);

/** Undefined for a name that is none. */
export const parseBlockName = (name: ByteString): BlockPlace | undefined => {
  const match = /^([1-9]\d{0,9})\.(\d{7})$/.exec(name);
  if (match === null) return undefined;
  const [uidValidity, block] = [Number(match[1]), Number(match[2])];
  return isNumber32(uidValidity) && block <= 0xffff_ffff / uidsOfBlock ? { uidValidity, block } : undefined;
};

export const messagesFileName: ByteString = byteStringOfLatin1('messages.jsonl');
export const mailboxFileName: ByteString = byteStringOfLatin1('mailbox.json');
export const foldersName: ByteString = byteStringOfLatin1('folders');
export const ownName: ByteString = byteStringOfLatin1('.mailkeep');
export const formatFileName: ByteString = byteStringOfLatin1('format.json');
export const ledgerFileName: ByteString = byteStringOfLatin1('ledger.json');
export const scriptFileName: ByteString = byteStringOfLatin1('to-maildir.sh');
