/** Labels that mail uses and the Encoding Standard does not know. */
const aliases: Readonly<Record<string, string>> = {
  cp932: 'shift_jis',
  'windows-932': 'shift_jis',
  'iso-2022-jp-ms': 'iso-2022-jp',
  'iso-2022-jp-1': 'iso-2022-jp',
  cp50220: 'iso-2022-jp',
  cp50221: 'iso-2022-jp',
  eucjp: 'euc-jp',
  'eucjp-ms': 'euc-jp',
  cp51932: 'euc-jp',
  cp936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
  cp850: 'windows-1252',
};

const decodeStrictly = (bytes: Uint8Array, charset: string): string | undefined => {
  const label = charset
    .trim()
    .toLowerCase()
    .replace(/^["']|["']$/g, '');
  const encoding = aliases[label] ?? label;
  try {
    const decoder = new TextDecoder(encoding, { fatal: true });
    return decoder.decode(encoding === 'iso-2022-jp' ? withoutIdleEscapes(bytes) : bytes);
  } catch {
    // Not in this encoding, or the label names none that this runtime knows.
    return undefined;
  }
};

/** The bytes as text in the named character set; where that is unknown or wrong, as `guessText` has it. Never throws. */
export const decodeText = (bytes: Uint8Array, charset: string): string =>
  (charset === '' ? undefined : decodeStrictly(bytes, charset)) ?? guessText(bytes, charset);

/**
 * Bytes of which nobody says what they are: UTF-8 if they are that, then the hint, then ISO-2022-JP by its escapes,
 * Shift_JIS or EUC-JP if the result reads as Japanese, and windows-1252 for everything else, which fits always.
 */
export const guessText = (bytes: Uint8Array, hint = ''): string => {
  if (hasJapaneseEscape(bytes)) {
    const text = new TextDecoder('iso-2022-jp').decode(withoutIdleEscapes(bytes));
    if (!text.includes('\ufffd')) return text;
  }
  const named = decodeStrictly(bytes, 'utf-8') ?? (hint === '' ? undefined : decodeStrictly(bytes, hint));
  if (named !== undefined) return named;
  const candidates = ['shift_jis', 'euc-jp'].flatMap((label) => decodeStrictly(bytes, label) ?? []);
  const best = candidates.toSorted((left, right) => japaneseScore(right) - japaneseScore(left))[0];
  if (best !== undefined && japaneseScore(best) > 0) return best;
  return new TextDecoder('windows-1252').decode(bytes);
};

const lengthOfEscape = 3;

/**
 * Without changes of character set that another follows at once, as between two encoded words that are put together: the
 * Encoding Standard has them for an error, since they could hide text.
 */
const withoutIdleEscapes = (bytes: Uint8Array): Uint8Array => {
  if (!bytes.includes(0x1b)) return bytes;
  return bytes.filter((_, at) => {
    for (let start = at; start > at - lengthOfEscape; start--) {
      if (bytes[start] === 0x1b) return bytes[start + lengthOfEscape] !== 0x1b;
    }
    return true;
  });
};

/** ESC $ or ESC ( begins every change of character set in ISO-2022-JP. */
const hasJapaneseEscape = (bytes: Uint8Array): boolean => {
  for (let at = bytes.indexOf(0x1b); at >= 0; at = bytes.indexOf(0x1b, at + 1)) {
    if (bytes[at + 1] === 0x24 || bytes[at + 1] === 0x28) return true;
  }
  return false;
};

/**
 * Kana speak for Japanese, pairs of ideographs too. Half-width kana are what the wrong decoder makes of EUC-JP,
 * ideographs amid Latin letters what it makes of a word with accents.
 */
const japaneseScore = (text: string): number => {
  const count = (form: RegExp): number => text.match(form)?.length ?? 0;
  const good = count(/[\u3041-\u30ff]/g) * 2 + count(/[\u4e00-\u9fff]{2}/g);
  const bad = count(/[\uff61-\uff9f]/g) * 2 + count(/[a-z][\u4e00-\u9fff]/gi) + count(/[\u4e00-\u9fff][a-z]/gi);
  return good - bad;
};
