import { type ByteString, byteStringOfLatin1, compareBytes } from '../../../model/byte-string.ts';

/** The flags and keywords of a message. Equal sets read from one connection are mostly one object. */
export interface FlagSet {
  /** Maildir letters in ASCII order: `D` draft, `F` flagged, `P` forwarded, `R` answered, `S` seen, `T` deleted. */
  readonly letters: string;
  /** All that is no system flag, as the server spells it, in byte order, none twice. `$Forwarded` is among them. */
  readonly keywords: readonly ByteString[];
  /** Flags and keywords in byte order, system flags as the RFC spells them, `\Recent` left out. */
  readonly all: readonly ByteString[];
  /** The same in one line with spaces between: equal lines, equal sets. */
  readonly line: ByteString;
}

/** The spelling of RFC 9051 section 2.3.2, and its Maildir letter. */
const systemFlags: ReadonlyMap<string, { readonly name: string; readonly letter: string }> = new Map([
  ['\\seen', { name: '\\Seen', letter: 'S' }],
  ['\\answered', { name: '\\Answered', letter: 'R' }],
  ['\\flagged', { name: '\\Flagged', letter: 'F' }],
  ['\\deleted', { name: '\\Deleted', letter: 'T' }],
  ['\\draft', { name: '\\Draft', letter: 'D' }],
]);

export const flagSetOf = (flags: readonly string[]): FlagSet => {
  const names = new Set<string>();
  const letters = new Set<string>();
  const keywords = new Set<string>();
  for (const flag of flags) {
    const folded = flag.toLowerCase();
    if (flag === '' || folded === '\\recent') continue;
    const system = systemFlags.get(folded);
    if (folded === '$forwarded') letters.add('P');
    if (system === undefined) keywords.add(flag);
    else letters.add(system.letter);
    names.add(system?.name ?? flag);
  }
  const all = [...names].map(byteStringOfLatin1).sort(compareBytes);
  return {
    letters: [...letters].sort().join(''),
    keywords: [...keywords].map(byteStringOfLatin1).sort(compareBytes),
    all,
    line: byteStringOfLatin1(all.join(' ')),
  };
};

export const noFlags: FlagSet = flagSetOf([]);

/** How many different sets are remembered: a mailbox has a few dozen. */
const remembered = 4096;

/** Reads what stands between the parentheses of FLAGS. The same text gives the same object, without reading it again. */
export const createFlagReader = (): ((text: string) => FlagSet) => {
  const known = new Map<string, FlagSet>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size >= remembered) known.clear();
    const flags = flagSetOf(text.split(' '));
    known.set(text, flags);
    return flags;
  };
};
