import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { ByteString } from '../../../model/byte-string.ts';
import { errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';
import { createAppendFile, type Written } from './append-file.ts';

const windowSize = 1 << 20;

/** Puts files one after another into a new one. */
export const concatenate = (files: readonly ByteString[], to: ByteString): Written => {
  const list = createAppendFile(to);
  try {
    for (const file of files) for (const bytes of chunksOf(file)) list.append(bytes);
  } finally {
    list.finish();
  }
  return list.finish();
};

/** Each chunk is used up before the next is asked for. */
function* chunksOf(file: ByteString): Generator<Uint8Array, void> {
  try {
    const descriptor = openSync(nativePath(file), constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const buffer = Buffer.allocUnsafe(windowSize);
      for (let length = windowSize; length > 0;) {
        length = readSync(descriptor, buffer, 0, windowSize, null);
        if (length > 0) yield buffer.subarray(0, length);
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw errnoFault(error, 'read', file);
  }
}

/** The lines of a file, in groups; memory stays bounded. Faults as `errnoFault`. */
export function* linesOf(file: ByteString, atOnce: number): Generator<readonly string[], void> {
  let rest = '';
  let lines: string[] = [];
  for (const bytes of chunksOf(file)) {
    const parts = `${rest}${Buffer.from(bytes).toString('latin1')}`.split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      if (lines.length < atOnce) continue;
      yield lines;
      lines = [];
    }
  }
  if (rest !== '') lines.push(rest);
  if (lines.length > 0) yield lines;
}

/** SHA-256 of a file, hexadecimal. */
export const digestOfFile = (file: ByteString): string => {
  const digest = createHash('sha256');
  for (const bytes of chunksOf(file)) digest.update(bytes);
  return digest.digest('hex');
};
