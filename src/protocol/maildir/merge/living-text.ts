import { readFileSync } from 'node:fs';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';

/** A small file of the mail server; empty when there is none. */
export const readLivingText = (place: ByteString): ByteString => {
  try {
    return byteStringOfLatin1(readFileSync(nativePath(place), 'latin1'));
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return byteStringOfLatin1('');
    throw errnoFault(error, 'read', place);
  }
};
