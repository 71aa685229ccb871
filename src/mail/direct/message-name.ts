import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { isNumber32 } from './block-name.ts';

/** A message file in a block: its UID, ten digits, and the letters of its flags. */
export interface MessageFileName {
  readonly uid: number;
  /** In ASCII order. */
  readonly letters: string;
}

/** `0000000017:2,S` */
export const messageFileName = ({ uid, letters }: MessageFileName): ByteString =>
  byteStringOfLatin1(`${String(uid).padStart(10, '0')}:2,${letters}`);

/** Undefined for a name that is none. */
export const parseMessageFileName = (name: ByteString): MessageFileName | undefined => {
  const match = /^(\d{10}):2,([A-Za-z]*)$/.exec(name);
  if (match === null) return undefined;
  const uid = Number(match[1]);
  return isNumber32(uid) ? { uid, letters: match[2] ?? '' } : undefined;
};
