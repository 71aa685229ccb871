import { Fault } from './fault.ts';

const token = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/gsy;

/** Splits a command line into words as a shell does with quotes and backslashes, and nothing else: no variables, no globs. */
export const splitCommand = (line: string): readonly string[] => {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  for (const match of line.matchAll(token)) {
    at = match.index + match[0].length;
    const [, single, double, escaped, plain] = match;
    const piece = single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain;
    if (piece !== undefined) {
      word = (word ?? '') + piece;
      continue;
    }
    if (word !== undefined) words.push(word);
    word = undefined;
  }
  if (word !== undefined) words.push(word);
  if (at < line.length) {
    throw new Fault('configuration', 'a command has a quote that does not end', {
      hint: `It begins: ${line.slice(0, 20)}`,
    });
  }
  return words;
};
