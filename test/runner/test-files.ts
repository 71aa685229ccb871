import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { run } from 'node:test';
import type { EventData } from 'node:test';
import { inspect } from 'node:util';
import { runningPrograms } from './running-programs.ts';
import { type Tally, isGood, nothing, oneFailed, sum } from './tally.ts';

export type TestFiles = {
  readonly files: readonly string[];
  /** A file that takes longer is mentioned. */
  readonly budgetSeconds: number;
  /** A file that takes longer is stopped and has failed. */
  readonly limitSeconds: number;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
};

/**
 * Runs test files with Node's own runner, each in its process; a line for each, and all of what a failing one said.
 * What failed stands in the tally too, since whoever reads a log may have its end only.
 */
export async function runTestFiles(wish: TestFiles): Promise<Tally> {
  const waiting = [...wish.files];
  let total = nothing;
  const takeTurns = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined && !wish.signal.aborted; file = waiting.shift()) {
      const tally = await runTestFile(file, wish);
      total = sum(total, tally);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, takeTurns));
  return total;
}

async function runTestFile(file: string, wish: TestFiles): Promise<Tally> {
  const limit = new AbortController();
  const said: string[] = [];
  const under = new Map<string, string>();
  const timer = setTimeout(() => {
    said.push(`    at its limit was under way: ${[...under.values()].join('; ') || 'no test'}\n`);
    said.push(...runningPrograms().map((line) => `    ${line}\n`));
    limit.abort();
  }, wish.limitSeconds * 1000);
  const skipped: string[] = [];
  let tally = oneFailed;
  const from = performance.now();
  const stream = run({ files: [file], signal: AbortSignal.any([wish.signal, limit.signal]) });
  stream.on('test:stdout', (data) => said.push(data.message));
  stream.on('test:stderr', (data) => said.push(data.message));
  stream.on('test:fail', (data) => {
    if (!isOnlyTheSubtests(data)) said.push(failure(data));
  });
  const place = ({ file = '', name, nesting }: { file?: string; name: string; nesting: number }): string =>
    `${file} ${nesting} ${name}`;
  stream.on('test:dequeue', (data) => under.set(place(data), data.name));
  stream.on('test:complete', (data) => under.delete(place(data)));
  stream.on('test:pass', (data) => {
    if (data.skip !== undefined) skipped.push(`    - skipped: ${data.name}${reason(data.skip)}`);
  });
  stream.on('test:summary', (data) => {
    if (data.file === undefined) tally = tallyOf(data);
  });
  for await (const _ of stream);
  clearTimeout(timer);
  const seconds = (performance.now() - from) / 1000;
  const late = seconds > wish.budgetSeconds ? `, over its budget of ${wish.budgetSeconds} s` : '';
  const stopped = limit.signal.aborted ? ', stopped at its limit' : '';
  const times = `${tally.tests} tests, ${seconds.toFixed(1)} s${late}${stopped}`;
  const lines = [`  ${isGood(tally) ? '✔' : '✖'} ${relative(process.cwd(), file)} (${times})`, ...skipped];
  if (!isGood(tally)) lines.push(said.join('').trimEnd());
  wish.print(lines.join('\n'));
  return isGood(tally) ? tally : { ...tally, faults: lines };
}

/** Node counts failed tests too, but its types do not say so; each test is in exactly one of the counts. */
function tallyOf({ counts }: EventData.TestSummary): Tally {
  const { tests, suites, passed, cancelled, skipped, todo } = counts;
  const failed = tests - passed - cancelled - skipped - todo;
  return { ...nothing, tests, suites, passed, cancelled, skipped, todo, failed };
}

function isOnlyTheSubtests(data: EventData.TestFail): boolean {
  return 'failureType' in data.details.error && data.details.error.failureType === 'subtestsFailed';
}

function failure(data: EventData.TestFail): string {
  const place = data.file === undefined ? '' : ` (${relative(process.cwd(), data.file)}:${data.line ?? 0})`;
  const error = data.details.error.cause ?? data.details.error;
  return `    ✖ ${data.name}${place}\n${inspect(error, { depth: 8 })}\n`;
}

function reason(skip: string | boolean): string {
  return typeof skip === 'string' && skip !== '' ? ` (${skip})` : '';
}
