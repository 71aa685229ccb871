import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';

/** Dovecot's second version has `V\t2`, an empty line, and levels parted by tabs; the first, and Courier, a name a line. */
const isSecond = (text: ByteString): boolean => text.startsWith('V\t');

const linesOf = (text: ByteString): readonly string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('V\t'));

const keyOf = (line: string): string => line.replaceAll('\t', '.');

/**
 * The folders that a person has subscribed to by now, and behind them those of a backup that are missing. Undefined when
 * none is.
 */
export const mergeSubscriptions = (live: ByteString, backup: ByteString): ByteString | undefined => {
  const known = new Set(linesOf(live).map(keyOf));
  const missing = linesOf(backup).filter((line) => !known.has(keyOf(line)));
  if (missing.length === 0) return undefined;
  const converted = missing.map((line) => {
    if (isSecond(live) === isSecond(backup)) return line;
    return isSecond(live) ? line.replaceAll('.', '\t') : keyOf(line);
  });
  const start = live === '' || live.endsWith('\n') ? live : `${live}\n`;
  return byteStringOfLatin1(`${start}${converted.map((line) => `${line}\n`).join('')}`);
};
