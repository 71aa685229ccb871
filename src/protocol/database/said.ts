import type { Readable } from 'node:stream';
import { terminalLine } from '../../mail/terminal-text.ts';

const keptLines = 4;
const longestLine = 1000;

/** What programs say of options that they need not know. */
const isNoise = (line: string): boolean => /loose[-_]/.test(line) || line.trim() === '';

/** What must not be repeated, of a text that a program printed. */
export const withoutSecrets = (text: string, hidden: readonly string[]): string =>
  hidden
    .filter((secret) => secret !== '')
    .toSorted((left, right) => right.length - left.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '•••'), text);

/** Collects the last lines of a standard error; the result gives them on one line, without secrets. */
export const collectWords = (stderr: Readable, hidden: readonly string[]): (() => string) => {
  const last: string[] = [];
  let rest = '';
  const take = (line: string): void => {
    if (isNoise(line)) return;
    last.push(line.trim());
    if (last.length > keptLines) last.shift();
  };
  stderr.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, longestLine);
    for (const line of lines) take(line.slice(0, longestLine));
  });
  stderr.on('error', () => undefined);
  return () => terminalLine(withoutSecrets([...last, rest].join(' '), hidden)).trim();
};
