/** A text with its variables filled in, as Compose does it, and the names of those that have no value and no default. */
export interface Interpolated {
  readonly text: string;
  readonly missing: readonly string[];
}

type Variables = ReadonlyMap<string, string>;

const nameForm = /[A-Za-z_]\w*/y;

const nameAt = (text: string, at: number): string => {
  nameForm.lastIndex = at;
  return nameForm.exec(text)?.[0] ?? '';
};

/** Where the brace that is open at `from` ends; -1: nowhere. */
const closingBrace = (text: string, from: number): number => {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith('${', at)) {
      depth++;
      at++;
    } else if (text[at] === '}' && --depth === 0) return at;
  }
  return -1;
};

/** What stands in braces: `NAME`, `NAME:-default`, `NAME:+other`, `NAME:?message`, each also without the colon. */
const braced = (inside: string, variables: Variables): Interpolated => {
  const name = nameAt(inside, 0);
  const [, colon = '', operator = '', word = ''] = /^(:?)([-+?])(.*)$/s.exec(inside.slice(name.length)) ?? [];
  const value = variables.get(name);
  const isSet = value !== undefined && (colon === '' || value !== '');
  if (operator === '+') return isSet ? interpolated(word, variables) : { text: '', missing: [] };
  if (isSet) return { text: value, missing: [] };
  if (operator === '-') return interpolated(word, variables);
  return { text: value ?? '', missing: value === undefined || operator === '?' ? [name] : [] };
};

/** Fills in `$NAME` and `${NAME…}`; `$$` is a dollar. */
export const interpolated = (text: string, variables: Variables): Interpolated => {
  let done = '';
  const missing: string[] = [];
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? '';
    const end = letter === '$' && text[at + 1] === '{' ? closingBrace(text, at + 2) : -1;
    const plain = letter === '$' ? nameAt(text, at + 1) : '';
    if (letter === '$' && text[at + 1] === '$') {
      done += '$';
      at++;
    } else if (end >= 0) {
      const inside = braced(text.slice(at + 2, end), variables);
      done += inside.text;
      missing.push(...inside.missing);
      at = end;
    } else if (plain !== '') {
      const value = variables.get(plain);
      done += value ?? '';
      if (value === undefined) missing.push(plain);
      at += plain.length;
    } else done += letter;
  }
  return { text: done, missing };
};
