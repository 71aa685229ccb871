import { joinFlags } from '../direct/flags.ts';

/** The three lines that stand first in each message that we write, and no other program does: so they can be taken away again. */
export const statusLines = (letters: string, keywords: readonly string[], lineEnd: string): string => {
  const status = `${letters.includes('S') ? 'R' : ''}O`;
  const marks = [
    ['R', 'A'],
    ['F', 'F'],
    ['D', 'T'],
    ['T', 'D'],
  ].flatMap(([flag = '', mark = '']) => (letters.includes(flag) ? [mark] : []));
  const own = [...(letters.includes('P') && !keywords.includes('$Forwarded') ? ['$Forwarded'] : []), ...keywords];
  return [`Status: ${status}`, `X-Status: ${marks.join('')}`, `X-Keywords: ${own.join(' ')}`, ''].join(lineEnd);
};

/** How many bytes of a message's beginning, one character a byte, are such lines of ours; 0 when they are not. */
export const statusLinesIn = (beginning: string): number =>
  /^Status: R?O(\r?\n)X-Status: [AFTD]*\1X-Keywords: [^\r\n]*\1/.exec(beginning)?.[0].length ?? 0;

/** Flags and keywords, as IMAP spells them, that the fields of a message in an mbox tell. */
export const flagsOfFields = (fields: ReadonlyMap<string, readonly string[]>): readonly string[] => {
  const text = (name: string): string => (fields.get(name) ?? []).join('');
  const letters = [
    text('status').includes('R') ? 'S' : '',
    text('x-status').includes('A') ? 'R' : '',
    text('x-status').includes('F') ? 'F' : '',
    text('x-status').includes('T') ? 'D' : '',
    text('x-status').includes('D') ? 'T' : '',
  ].join('');
  const keywords = text('x-keywords')
    .split(/[\s,]+/)
    .filter((keyword) => keyword !== '');
  const mozilla = parseInt(fields.get('x-mozilla-status')?.[0] ?? '0', 16);
  const more = [
    ...(mozilla & 0x1 ? ['\\Seen'] : []),
    ...(mozilla & 0x2 ? ['\\Answered'] : []),
    ...(mozilla & 0x4 ? ['\\Flagged'] : []),
    ...(mozilla & 0x1000 ? ['$Forwarded'] : []),
  ];
  return [...new Set([...joinFlags(letters, keywords), ...more])].sort();
};
