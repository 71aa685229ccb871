import assert from 'node:assert/strict';
import { test } from 'node:test';
import { english } from './catalogue/english.ts';
import type { Output } from './output.ts';
import { createProgressLine } from './progress.ts';

const createScreen = (terminal = true) => {
  const lines: (string | undefined)[] = [];
  const output: Output = {
    terminal,
    resultTerminal: terminal,
    color: false,
    print: () => assert.fail(),
    say: () => assert.fail(),
    write: async () => assert.fail(),
    update: (line) => lines.push(line),
    failure: () => undefined,
  };
  let now = 0;
  const line = createProgressLine({ output, messages: english, clock: () => now, rate: 10 });
  const at = (milliseconds: number): void => {
    now = milliseconds;
  };
  return { line, lines, at };
};

const progress = (files: number, bytes: number, totalBytes?: number) =>
  ({ kind: 'progress', files, bytes, ...(totalBytes === undefined ? {} : { totalBytes }) }) as const;

test('without totals the line has a rate, with totals a share and the time left', () => {
  const { line, lines, at } = createScreen();
  at(2000);
  line.show(progress(1000, 2048));
  at(4000);
  line.show(progress(2000, 1024 * 1024, 4 * 1024 * 1024));
  assert.deepEqual(lines, [
    '1,000 files, 2.000 KiB, 1.000 KiB/s',
    '25 %  2,000 files, 1.000 MiB of 4.000 MiB, 256.0 KiB/s, 12 s left',
  ]);
});

test('a new phase has a rate of its own, and no time left is guessed from nothing', () => {
  const { line, lines, at } = createScreen();
  at(10_000);
  line.restart();
  at(11_000);
  line.show(progress(1, 1024, 1024 * 1024));
  assert.deepEqual(lines, ['0 %  1 files, 1.000 KiB of 1.000 MiB, 1.000 KiB/s, — left']);
});

test('it is renewed at its rate, and never in a pipe', () => {
  const screen = createScreen();
  for (let at = 0; at < 1000; at += 10) {
    screen.at(at);
    screen.line.show(progress(at, at));
  }
  assert.equal(screen.lines.length, 10);
  const pipe = createScreen(false);
  pipe.line.show(progress(1, 1));
  assert.deepEqual(pipe.lines, []);
});
