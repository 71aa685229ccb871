const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const dash = 0x2d;
const space = 0x20;
const tab = 0x09;

/** A line that separates parts: where it lies, which of the open boundaries it names, and whether it closes that multipart. */
export interface DelimiterLine {
  readonly lineStart: number;
  /** First byte after the line break (or the end of the message). */
  readonly lineEnd: number;
  /** Index into the open boundaries. */
  readonly level: number;
  readonly closing: boolean;
}

export const isLineBreak = (byte: number | undefined): boolean => byte === lineFeed || byte === carriageReturn;

export const isBlank = (byte: number | undefined): boolean => byte === space || byte === tab;

/** The offset after the line break at `at`: CRLF, LF or a bare CR; `at` itself where there is none. */
export const afterLineBreak = (message: Uint8Array, at: number): number => {
  if (message[at] === carriageReturn) return message[at + 1] === lineFeed ? at + 2 : at + 1;
  return message[at] === lineFeed ? at + 1 : at;
};

/**
 * The next line at or after `from` that names one of the open boundaries (RFC 2046 section 5.1.1); `from` is the start
 * of a line. The whole line must agree, apart from blanks at its end, so that one boundary may be the beginning of another.
 *
 * Looks only at hyphens, which base64 does not contain: the typed array's own search passes over large bodies.
 */
export const findDelimiter = (
  message: Uint8Array,
  from: number,
  boundaries: readonly Uint8Array[],
): DelimiterLine | undefined => {
  if (boundaries.length === 0) return undefined;
  let at = message.indexOf(dash, from);
  while (at >= 0) {
    if (message[at + 1] === dash && (at === 0 || isLineBreak(message[at - 1]))) {
      const found = delimiterAt(message, at, boundaries);
      if (found !== undefined) return found;
    }
    at++;
    while (message[at] === dash) at++;
    at = message.indexOf(dash, at);
  }
  return undefined;
};

/** Reads the line that starts at `lineStart` as a delimiter of the innermost boundary that it names. */
export const delimiterAt = (
  message: Uint8Array,
  lineStart: number,
  boundaries: readonly Uint8Array[],
): DelimiterLine | undefined => {
  if (message[lineStart] !== dash || message[lineStart + 1] !== dash) return undefined;
  for (let level = boundaries.length - 1; level >= 0; level--) {
    const boundary = boundaries[level];
    if (boundary === undefined || !startsAt(message, lineStart + 2, boundary)) continue;
    const after = lineStart + 2 + boundary.length;
    const open = endOfBlankLine(message, after);
    if (open !== undefined) return { lineStart, lineEnd: open, level, closing: false };
    if (message[after] !== dash || message[after + 1] !== dash) continue;
    const closed = endOfBlankLine(message, after + 2);
    if (closed !== undefined) return { lineStart, lineEnd: closed, level, closing: true };
  }
  return undefined;
};

const startsAt = (message: Uint8Array, at: number, wanted: Uint8Array): boolean => {
  for (let index = 0; index < wanted.length; index++) if (message[at + index] !== wanted[index]) return false;
  return true;
};

/** Where the next line starts if only blanks follow up to the line break, otherwise undefined. */
const endOfBlankLine = (message: Uint8Array, from: number): number | undefined => {
  let at = from;
  while (isBlank(message[at])) at++;
  if (at >= message.length) return message.length;
  return isLineBreak(message[at]) ? afterLineBreak(message, at) : undefined;
};
