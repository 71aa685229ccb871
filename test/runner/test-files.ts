import { run } from 'node:test';
import type { EventData } from 'node:test';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { inspect } from 'node:util';
import { type Tally, oneFailed } from './tally.ts';

export type TestFiles = {
  readonly files: readonly string[];
  /** A file that takes longer is mentioned. */
  readonly budgetSeconds: number;
  /** A file that takes longer is stopped and has failed. */
  readonly limitSeconds: number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
};

/** Runs test files with Node's own runner, each in its process; a line for each file, and all of what a failing one said. */
export async function runTestFiles(wish: TestFiles): Promise<Tally> {
  const said = new Map<string, string[]>();
  let total: Tally | undefined;
  const say = (file: string | undefined, text: string): void => {
    const name = file ?? '';
    const lines = said.get(name) ?? [];
    said.set(name, lines);
    lines.push(text);
  };
  const stream = run({
    files: [...wish.files],
    concurrency: availableParallelism(),
    timeout: wish.limitSeconds * 1000,
    signal: wish.signal,
  });
  stream.on('test:stdout', (data) => say(data.file, data.message));
  stream.on('test:stderr', (data) => say(data.file, data.message));
  stream.on('test:fail', (data) => {
    if (!isOnlyTheSubtests(data)) say(data.file, failure(data));
  });
  stream.on('test:pass', (data) => {
    if (data.skip !== undefined) wish.print(`  - skipped: ${data.name} ${reason(data.skip)}`);
  });
  stream.on('test:summary', (data) => {
    if (data.file === undefined) {
      total = tallyOf(data);
      return;
    }
    wish.print(fileLine(data, wish.budgetSeconds));
    if (!data.success) for (const text of said.get(data.file) ?? []) wish.print(text.trimEnd());
    said.delete(data.file);
  });
  for await (const _ of stream);
  if (total === undefined) return oneFailed;
  if (total.failed + total.cancelled > 0) for (const text of [...said.values()].flat()) wish.print(text.trimEnd());
  return total;
}

/** Node counts failed tests too, but its types do not say so; each test is in exactly one of the counts. */
function tallyOf({ counts }: EventData.TestSummary): Tally {
  const { tests, suites, passed, cancelled, skipped, todo } = counts;
  return { tests, suites, passed, cancelled, skipped, todo, failed: tests - passed - cancelled - skipped - todo };
}

function fileLine(data: EventData.TestSummary, budgetSeconds: number): string {
  const seconds = data.duration_ms / 1000;
  const mark = data.success ? '✔' : '✖';
  const late = seconds > budgetSeconds ? `, over its budget of ${budgetSeconds} s` : '';
  return `  ${mark} ${relative(process.cwd(), data.file ?? '')} (${data.counts.tests} tests, ${seconds.toFixed(1)} s${late})`;
}

function isOnlyTheSubtests(data: EventData.TestFail): boolean {
  return 'failureType' in data.details.error && data.details.error.failureType === 'subtestsFailed';
}

function failure(data: EventData.TestFail): string {
  const place = data.file === undefined ? '' : ` (${relative(process.cwd(), data.file)}:${data.line ?? 0})`;
  const error = data.details.error.cause ?? data.details.error;
  return `    ✖ ${data.name}${place}\n${inspect(error, { depth: 8 })}`;
}

function reason(skip: string | boolean): string {
  return typeof skip === 'string' && skip !== '' ? `(${skip})` : '';
}
