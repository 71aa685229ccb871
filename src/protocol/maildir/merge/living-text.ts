import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { occupied } from '../../files/target-name.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';

/**
 * A small file of the mail server; empty when there is none. Never through a link: what we may read, and the mailbox's owner may
 * not, would otherwise end up in the mailbox. Fault `target-occupied` for what is no file.
 */
export const readLivingText = (place: ByteString): ByteString => {
  try {
    const file = openSync(nativePath(place), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!fstatSync(file).isFile()) throw occupied('something that is no file');
      return byteStringOfLatin1(readFileSync(file, 'latin1'));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return byteStringOfLatin1('');
    if (errnoCode(error) === 'ELOOP') throw occupied('a link');
    throw errnoFault(error, 'read', place);
  }
};
