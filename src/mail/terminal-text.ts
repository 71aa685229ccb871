/**
 * Foreign text made safe to print: control characters, which could move the cursor, set the title or forge output, become visible
 * pictures, and so do marks that turn the direction of writing. Line breaks and tabs stay.
 */
export const terminalText = (text: string): string =>
  text
    .replace(/\r\n?/g, '\n')
    .replace(/[\x00-\x08\x0b-\x1f]/g, (character) => String.fromCharCode(0x2400 + character.charCodeAt(0)))
    .replaceAll('\x7f', '\u2421')
    .replace(/[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, '\ufffd');

/** The same on a single line. */
export const terminalLine = (text: string): string => terminalText(text.replace(/\s+/g, ' '));
