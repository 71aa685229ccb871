import { decodeWords } from './encoded-word.ts';

export interface Address {
  /** The display name, decoded; empty if there is none. */
  readonly name: string;
  /** As written, such as `alice@example.org`; empty where none can be found. */
  readonly address: string;
}

/** So many addresses of one header are looked at. */
const maximumAddresses = 10_000;

/** Quoted strings, comments one level deep, angle brackets, separators, and words. */
const token = /"((?:[^"\\]|\\[^])*)"?|\(((?:[^()\\]|\\[^])*)\)?|<([^<>]*)>?|([,;:])|[^",;:<>()]+|[^]/g;

/**
 * An address list (RFC 5322 section 3.4), groups included, as tolerant as mail is careless. The text is unfolded and
 * its raw bytes are decoded, its encoded words are not: a decoded name may hold commas.
 */
export const parseAddresses = (text: string): Address[] => {
  const found: Address[] = [];
  let words = '';
  let comment = '';
  let address: string | undefined;
  const finish = (): void => {
    const plain = words.replace(/\s+/g, ' ').trim();
    const bare = address === undefined && /\S@\S/.test(plain);
    const name = decodeWords(bare || (plain === '' && comment !== '') ? comment : plain).trim();
    const spelled = (address ?? (bare ? plain : '')).trim();
    if (name !== '' || spelled !== '') found.push({ name, address: spelled });
    words = comment = '';
    address = undefined;
  };
  for (const match of text.matchAll(token)) {
    const [whole, quoted, inParentheses, inBrackets, separator] = match;
    if (quoted !== undefined) words += quoted.replace(/\\([^])/g, '$1');
    else if (inParentheses !== undefined) comment = inParentheses.trim();
    else if (inBrackets !== undefined) address ??= inBrackets;
    else if (separator === ':') words = comment = '';
    else if (separator !== undefined) finish();
    else words += whole;
    if (found.length >= maximumAddresses) return found;
  }
  finish();
  return found;
};

/** `Alice <alice@example.org>`, or what there is of it. */
export const formatAddress = ({ name, address }: Address): string =>
  name === '' ? address : address === '' ? name : `${name} <${address}>`;
