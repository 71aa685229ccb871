/** Letters of Maildir by the flags of IMAP in small letters (RFC 9051 section 2.3.2); `P`, passed, is `$Forwarded`. */
const letterOf: Readonly<Record<string, string>> = {
  '\\draft': 'D',
  '\\flagged': 'F',
  $forwarded: 'P',
  '\\answered': 'R',
  '\\seen': 'S',
  '\\deleted': 'T',
};

const flagOf: Readonly<Record<string, string>> = {
  D: '\\Draft',
  F: '\\Flagged',
  P: '$Forwarded',
  R: '\\Answered',
  S: '\\Seen',
  T: '\\Deleted',
};

const isSystem = (flag: string): boolean => flag.startsWith('\\') && flag.toLowerCase() in letterOf;

/** Flags as a server tells them, apart: letters for the file name, and every keyword as it is spelled. `\Recent` is no flag. */
export interface SplitFlags {
  /** In ASCII order. */
  readonly letters: string;
  /** By code units, each once; `$Forwarded` too, and flags with a backslash that no Maildir knows. */
  readonly keywords: readonly string[];
}

export const splitFlags = (flags: Iterable<string>): SplitFlags => {
  const letters = new Set<string>();
  const keywords = new Set<string>();
  for (const flag of flags) {
    const low = flag.toLowerCase();
    const letter = letterOf[low];
    if (letter !== undefined) letters.add(letter);
    if (low !== '\\recent' && !isSystem(flag)) keywords.add(flag);
  }
  return { letters: [...letters].sort().join(''), keywords: [...keywords].sort() };
};

/** Flags as IMAP spells them from the letters and keywords of a stored message; sorted. Letters that mean nothing are left out. */
export const joinFlags = (letters: string, keywords: readonly string[]): readonly string[] => {
  const flags = new Set(keywords);
  const known = new Set(keywords.map((keyword) => keyword.toLowerCase()));
  for (const letter of letters) {
    const flag = flagOf[letter];
    if (flag !== undefined && !known.has(flag.toLowerCase())) flags.add(flag);
  }
  return [...flags].sort();
};

/** The same for the same flags however a server spells and orders them: system flags as in the RFC, sorted, `\Recent` left out. */
export const canonicalFlags = (flags: Iterable<string>): readonly string[] => {
  const canonical = new Set<string>();
  for (const flag of flags) {
    if (flag.toLowerCase() === '\\recent') continue;
    canonical.add(isSystem(flag) ? (flagOf[letterOf[flag.toLowerCase()] ?? ''] ?? flag) : flag);
  }
  return [...canonical].sort();
};
