import { afterLineBreak, isBlank, isLineBreak } from './mime-boundary.ts';

const colon = 0x3a;
const longestName = 80;
/** So many fields of one name are kept. */
const maximumOfOneName = 200;

/**
 * The fields of a header block by lower-case name, each value unfolded (line breaks taken out), one character a byte.
 * Reads up to the empty line or the end; passes over lines that are no fields, such as the `From ` line of an mbox.
 */
export const readFields = (header: Uint8Array, wanted: ReadonlySet<string>): Map<string, string[]> => {
  const fields = new Map<string, string[]>();
  let at = 0;
  while (at < header.length && !isLineBreak(header[at])) {
    const end = endOfField(header, at);
    const name = nameAt(header, at);
    if (name !== undefined && wanted.has(name.text)) {
      const values = fields.get(name.text) ?? [];
      if (values.length < maximumOfOneName) values.push(valueOf(header.subarray(name.end, end)));
      fields.set(name.text, values);
    }
    at = end;
  }
  return fields;
};

/** Where the next field starts: after a line break that no blank follows. */
export const endOfField = (bytes: Uint8Array, from: number, limit: number = bytes.length): number => {
  let at = from;
  while (at < limit) {
    while (at < limit && !isLineBreak(bytes[at])) at++;
    at = afterLineBreak(bytes, at);
    if (!isBlank(bytes[at])) break;
  }
  return at;
};

/** The name in lower case, and the offset after its colon. */
const nameAt = (bytes: Uint8Array, start: number): { readonly text: string; readonly end: number } | undefined => {
  let at = start;
  while (at - start < longestName && (bytes[at] ?? 0) > 0x20 && (bytes[at] ?? 0) < 0x7f && bytes[at] !== colon) at++;
  const nameEnd = at;
  while (isBlank(bytes[at])) at++;
  if (bytes[at] !== colon || nameEnd === start) return undefined;
  return { text: String.fromCharCode(...bytes.subarray(start, nameEnd)).toLowerCase(), end: at + 1 };
};

/** A continuation line of blanks only is an empty line in disguise and leaves nothing behind. */
const valueOf = (bytes: Uint8Array): string =>
  latin1(bytes)
    .replace(/[\r\n]+/g, '')
    .trim();

/** One character a byte. */
export const latin1 = (bytes: Uint8Array): string => {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(at, at + 8192));
  }
  return text;
};
