import { type ByteString, byteStringOfLatin1 } from './byte-string.ts';

/** One line of a file that `sha256sum -c` reads. */
export interface ChecksumLine {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** Relative to the folder of the list. */
  readonly path: ByteString;
}

/**
 * A line as coreutils writes it (md5sum invocation): a name with a backslash or a line feed in it is escaped, and the line
 * begins with a backslash. A carriage return stays as it is, since coreutils before 9.5 knows no escape for it.
 */
export const formatChecksumLine = (sha256: string, path: string): string =>
  /[\\\n]/.test(path)
    ? `\\${sha256}  ${path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`
    : `${sha256}  ${path}\n`;

/** Reads a line without its line feed; undefined for what is none. */
export const parseChecksumLine = (line: string): ChecksumLine | undefined => {
  const escaped = line.startsWith('\\');
  const text = escaped ? line.slice(1) : line;
  const sha256 = text.slice(0, 64);
  if (!/^[\da-f]{64}$/.test(sha256) || !/^ [ *]$/.test(text.slice(64, 66)) || text.length < 67) return undefined;
  const name = text.slice(66);
  if (!escaped) return { sha256, path: byteStringOfLatin1(name) };
  if (/\\(?![\\nr])/.test(name.replaceAll('\\\\', ''))) return undefined;
  const plain = name.replace(/\\([\\nr])/g, (_, letter: string) => ({ n: '\n', r: '\r' })[letter] ?? '\\');
  return { sha256, path: byteStringOfLatin1(plain) };
};
