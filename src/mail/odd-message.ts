import { storedFormOf } from './stored-form.ts';

/** So much of a message is looked at. */
export const oddLookBytes = 16_384;
/** Bits a byte; text has less than 6, base64 6, what is compressed or encrypted nearly 8. */
const highEntropy = 7.6;
/** Of fewer bytes entropy says nothing. */
const leastBytes = 2048;

/** Shannon's entropy of the bytes, in bits a byte: 0 to 8. */
export const entropyOf = (bytes: Uint8Array): number => {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  let entropy = 0;
  for (const count of counts) if (count > 0) entropy -= (count / bytes.length) * Math.log2(count / bytes.length);
  return entropy;
};

/** A field's name and a colon (RFC 5322, 3.6.8), the line of an mbox, or the end of an empty header. */
const beginning = /^(?:[!-9;-~]{1,200}[ \t]*:|>?From |\r?\n)/;

/**
 * Whether what lies in a mail folder is no mail, by its first bytes. What the mail server compresses or encrypts by design has a mark and is
 * never odd; an empty file is none of these either.
 */
export const isOddMessage = (bytes: Uint8Array): boolean => {
  if (bytes.length === 0 || storedFormOf(bytes) !== 'plain') return false;
  const look = bytes.subarray(0, oddLookBytes);
  let text = '';
  for (const byte of look.subarray(0, 256)) text += String.fromCharCode(byte);
  if (!beginning.test(text)) return true;
  return look.length >= leastBytes && entropyOf(look) > highEntropy;
};
