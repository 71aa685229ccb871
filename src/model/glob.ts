/**
 * One path component's pattern in the language of Go's `filepath.Match`, which restic's filters use: `*` any run of
 * bytes without `/`, `?` one character, `[a-z]` and `[^a-z]` one character of a class, `\` takes the next one literally.
 * Works on byte strings; characters are read as UTF-8, and a byte that is not UTF-8 is a character of its own.
 */
export interface Glob {
  /** A literal name if the pattern has no wildcards: then plain equality decides. */
  readonly literal: string | undefined;
  readonly chunks: readonly Chunk[];
}

/** What stands between two stars, and whether a star stands before it. */
interface Chunk {
  readonly afterStar: boolean;
  readonly tokens: readonly Token[];
}

type Token =
  | { readonly kind: 'byte'; readonly byte: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly CharacterRange[] };

interface CharacterRange {
  readonly low: number;
  readonly high: number;
}

/** What Go reads where bytes are no UTF-8. */
const replacementCharacter = 0xfffd;

interface Character {
  readonly codePoint: number;
  /** In bytes. */
  readonly width: number;
}

/** Undefined if the pattern is malformed: an unclosed or empty class, a backslash at the end. */
export const compileGlob = (pattern: string): Glob | undefined => {
  if (!/[\\[\]*?]/.test(pattern)) return { literal: pattern, chunks: [] };
  const chunks: { afterStar: boolean; tokens: Token[] }[] = [{ afterStar: false, tokens: [] }];
  let at = 0;
  while (at < pattern.length) {
    const symbol = pattern.charAt(at);
    let token: Token = { kind: 'byte', byte: symbol };
    let width = 1;
    if (symbol === '*') {
      const last = chunks.at(-1);
      if (last?.afterStar !== true || last.tokens.length > 0) chunks.push({ afterStar: true, tokens: [] });
      at++;
      continue;
    }
    if (symbol === '?') token = { kind: 'any' };
    if (symbol === '\\') {
      if (at + 1 >= pattern.length) return undefined;
      token = { kind: 'byte', byte: pattern.charAt(at + 1) };
      width = 2;
    }
    if (symbol === '[') {
      const parsed = parseClass(pattern, at);
      if (parsed === undefined) return undefined;
      token = parsed.token;
      width = parsed.end - at;
    }
    chunks.at(-1)?.tokens.push(token);
    at += width;
  }
  return { literal: undefined, chunks };
};

const parseClass = (pattern: string, start: number): { readonly token: Token; readonly end: number } | undefined => {
  const negated = pattern.charAt(start + 1) === '^';
  const ranges: CharacterRange[] = [];
  let at = start + (negated ? 2 : 1);
  while (at < pattern.length) {
    if (pattern.charAt(at) === ']' && ranges.length > 0) {
      return { token: { kind: 'class', negated, ranges }, end: at + 1 };
    }
    const low = classCharacter(pattern, at);
    if (low === undefined) return undefined;
    at = low.end;
    let high = low;
    if (pattern.charAt(at) === '-') {
      const second = classCharacter(pattern, at + 1);
      if (second === undefined) return undefined;
      high = second;
      at = second.end;
    }
    ranges.push({ low: low.codePoint, high: high.codePoint });
  }
  return undefined;
};

const classCharacter = (
  pattern: string,
  start: number,
): { readonly codePoint: number; readonly end: number } | undefined => {
  const first = pattern.charAt(start);
  if (first === '-' || first === ']') return undefined;
  const at = first === '\\' ? start + 1 : start;
  if (at >= pattern.length) return undefined;
  const { codePoint, width } = characterAt(pattern, at);
  if (codePoint === replacementCharacter && width === 1) return undefined;
  return { codePoint, end: at + width };
};

/**
 * Whether the whole name matches. A star takes as little as lets the next chunk match, and is never reconsidered, so
 * the time is bounded by the product of the two lengths.
 */
export const matchGlob = (glob: Glob, name: string): boolean => {
  if (glob.literal !== undefined) return glob.literal === name;
  let at = 0;
  for (const [index, chunk] of glob.chunks.entries()) {
    const isLast = index === glob.chunks.length - 1;
    if (chunk.afterStar && chunk.tokens.length === 0) return !name.includes('/', at);
    const end = placeChunk(chunk, { name, from: at, toTheEnd: isLast });
    if (end === undefined) return false;
    at = end;
  }
  return at === name.length;
};

const placeChunk = (
  chunk: Chunk,
  place: { readonly name: string; readonly from: number; readonly toTheEnd: boolean },
): number | undefined => {
  const { name, from, toTheEnd } = place;
  for (let start = from; start <= name.length; start++) {
    const end = matchTokens(chunk.tokens, name, start);
    if (end !== undefined && (!toTheEnd || end === name.length)) return end;
    if (!chunk.afterStar || name.charAt(start) === '/') return undefined;
  }
  return undefined;
};

const matchTokens = (tokens: readonly Token[], name: string, start: number): number | undefined => {
  let at = start;
  for (const token of tokens) {
    if (at >= name.length) return undefined;
    if (token.kind === 'byte') {
      if (name.charAt(at) !== token.byte) return undefined;
      at++;
      continue;
    }
    const { codePoint, width } = characterAt(name, at);
    if (token.kind === 'any' && name.charAt(at) === '/') return undefined;
    if (token.kind === 'class') {
      const inside = token.ranges.some(({ low, high }) => low <= codePoint && codePoint <= high);
      if (inside === token.negated) return undefined;
    }
    at += width;
  }
  return at;
};

/** Reads one character of UTF-8 from a byte string; what is not UTF-8 is one byte wide. */
export const characterAt = (bytes: string, at: number): Character => {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return { codePoint: first, width: 1 };
  const width = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const invalid = { codePoint: replacementCharacter, width: 1 };
  if (first < 0xc2 || first > 0xf4 || at + width > bytes.length) return invalid;
  let codePoint = first & (0x7f >> width);
  for (let index = 1; index < width; index++) {
    const next = bytes.charCodeAt(at + index);
    if ((next & 0xc0) !== 0x80) return invalid;
    codePoint = (codePoint << 6) | (next & 0x3f);
  }
  const least = [0, 0, 0x80, 0x800, 0x10000][width] ?? 0;
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  return codePoint < least || codePoint > 0x10ffff || isSurrogate ? invalid : { codePoint, width };
};
