/** A structured header value: `text/plain; charset=utf-8` has the value `text/plain` and one parameter. */
export interface ParameterizedValue {
  /** Lower case, without blanks around it. */
  readonly value: string;
  /** By lower-case name, decoded; of two with one name the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

interface Section {
  readonly text: string;
  readonly encoded: boolean;
}

interface RawParameter {
  readonly name: string;
  readonly value: string;
}

/** More parameters than this are not looked at: no honest header comes near. */
const maximumParameters = 200;

/**
 * Splits a header value into its value and parameters (RFC 2045 section 5.1), with the continuations and character sets
 * of RFC 2231 (`name*0=`, `name*1*=`, `name*=utf-8''…`). Never throws: what cannot be understood is left out.
 *
 * `text` is unfolded, one character a byte, or already Unicode. `decode` turns the bytes of an RFC 2231 value, one
 * character a byte, into text.
 */
export const parseParameters = (
  text: string,
  decode: (bytes: string, charset: string) => string = (bytes) => bytes,
): ParameterizedValue => {
  const end = text.indexOf(';');
  const value = (end < 0 ? text : text.slice(0, end)).trim().toLowerCase();
  const plain = new Map<string, string>();
  const pieces = new Map<string, Map<number, Section>>();
  for (const parameter of end < 0 ? [] : splitParameters(text, end)) {
    const form = /^([^*]+)\*(?:(\d{1,3})(\*?))?$/.exec(parameter.name);
    const base = form?.[1];
    if (form === null || base === undefined) {
      if (!plain.has(parameter.name)) plain.set(parameter.name, parameter.value);
      continue;
    }
    const sections = pieces.get(base) ?? new Map<number, Section>();
    pieces.set(base, sections);
    const number = Number(form[2] ?? '0');
    const encoded = form[2] === undefined || form[3] === '*';
    if (!sections.has(number)) sections.set(number, { text: parameter.value, encoded });
  }
  for (const [name, sections] of pieces) plain.set(name, joinSections(sections, decode));
  return { value, parameters: plain };
};

/** `name=value` pairs after each semicolon; quoted strings may hold semicolons and backslash-escaped characters. */
const splitParameters = (text: string, from: number): RawParameter[] => {
  const found: RawParameter[] = [];
  const separators = /[\s;]*/y;
  const form = /([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"?|([^;]*))/sy;
  let at = from;
  while (at >= 0 && found.length < maximumParameters) {
    separators.lastIndex = at;
    separators.exec(text);
    form.lastIndex = separators.lastIndex;
    const match = form.exec(text);
    if (match !== null) {
      const quoted = match[2]?.replace(/\\(.)/gs, '$1');
      found.push({ name: (match[1] ?? '').toLowerCase(), value: quoted ?? (match[3] ?? '').trim() });
    }
    at = text.indexOf(';', match === null ? separators.lastIndex : form.lastIndex);
  }
  return found;
};

const joinSections = (
  sections: ReadonlyMap<number, Section>,
  decode: (bytes: string, charset: string) => string,
): string => {
  let charset = '';
  let joined = '';
  let anyEncoded = false;
  for (let number = 0; number < sections.size; number++) {
    const section = sections.get(number);
    if (section === undefined) break;
    let text = section.text;
    if (section.encoded) {
      anyEncoded = true;
      const language = number === 0 ? /^([^']*)'[^']*'/.exec(text) : null;
      if (language !== null) {
        charset = language[1] ?? '';
        text = text.slice(language[0].length);
      }
      text = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    }
    joined += text;
  }
  return anyEncoded && charset !== '' ? decode(joined, charset) : joined;
};
