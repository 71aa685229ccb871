const plain = /^[A-Za-z0-9_@%+=:,./-]+$/;
const control = /[\x00-\x1f\x7f]/;

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', "'": "\\'" };

const hexadecimal = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;

/**
 * A text as one word of a shell: as it is where nothing in it has a meaning, else in single quotes. One with control characters is
 * written so that it stays on its line, as bash, zsh and ksh know it (`$'…'`).
 */
export const shellWord = (text: string): string => {
  if (plain.test(text)) return text;
  if (!control.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = text.replace(/[\x00-\x1f\x7f\\']/g, (character) => escapes[character] ?? hexadecimal(character));
  return `$'${escaped}'`;
};

/** Words as a command. */
export const shellCommand = (...words: readonly string[]): string => words.map(shellWord).join(' ');
