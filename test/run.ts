// Runs one tier of the tests step by step, the quick ones first: node test/run.ts test|servers|long
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { ensureRequirements } from './requirement/ensure.ts';
import { check } from './runner/check.ts';
import { type Tally, closingLines, isGood, nothing, oneFailed, onePassed, sum } from './runner/tally.ts';
import { runTestFiles } from './runner/test-files.ts';

type Step = { readonly name: string; readonly run: () => Promise<Tally> };

const print = (line: string): void => console.log(line);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop.abort());

const budgets = {
  unit: { budgetSeconds: 10, limitSeconds: 120 },
  journeys: { budgetSeconds: 60, limitSeconds: 300 },
  servers: { budgetSeconds: 300, limitSeconds: 1200 },
  long: { budgetSeconds: 3600, limitSeconds: 6 * 3600 },
};

async function find(...patterns: readonly string[]): Promise<string[]> {
  return (await Array.fromAsync(glob(patterns))).toSorted();
}

function tests(name: string, files: readonly string[], budget: keyof typeof budgets): Step {
  return {
    name,
    run: async () => {
      if (files.length === 0) {
        print('  no tests here yet');
        return nothing;
      }
      return runTestFiles({ files, ...budgets[budget], signal: stop.signal, print });
    },
  };
}

/** Half a minute and more: it has its turn with the servers. */
const isLonger = (file: string): boolean => file.endsWith('.longer.test.ts');

/** Unit tests are all tests beside the sources; those that call a contract's suite are the conformance tests. */
async function unitAndConformance(): Promise<Step[]> {
  const unit: string[] = [];
  const conformance: string[] = [];
  for (const file of await find('src/**/*.test.ts', 'test/*.test.ts', 'bench/**/*.test.ts')) {
    if (isLonger(file)) continue;
    const text = await readFile(file, 'utf8');
    (/from\s+'[^']*\.suite\.ts'/.test(text) ? conformance : unit).push(file);
  }
  return [tests('unit', unit, 'unit'), tests('conformance', conformance, 'unit')];
}

const requirements = (tier: 'test' | 'servers' | 'long'): Step => ({
  name: 'requirements',
  run: async () => {
    const missing = await ensureRequirements(tier);
    for (const sentence of missing) print(`  ${sentence}`);
    if (missing.length === 0) return onePassed;
    return process.env['CI'] === 'true' ? oneFailed : nothing;
  },
});

async function stepsOf(tier: string): Promise<Step[] | undefined> {
  switch (tier) {
    case 'test':
      return [
        { name: 'types', run: () => check('tsc', ['--noEmit', '-p', '.'], print) },
        { name: 'lint', run: () => check('oxlint', ['--type-aware', '--deny-warnings'], print) },
        { name: 'format', run: () => check('oxfmt', ['--check'], print) },
        ...(await unitAndConformance()),
        requirements('test'),
        tests('journeys', await find('test/journey/*.test.ts'), 'journeys'),
      ];
    case 'servers':
      return [
        requirements('servers'),
        tests('longer', await find('src/**/*.longer.test.ts', 'test/journey/longer/*.test.ts'), 'servers'),
        tests('servers', await find('test/servers/*.test.ts'), 'servers'),
      ];
    case 'long':
      return [requirements('long'), tests('long', await find('test/long/*.test.ts'), 'long')];
    default:
      return undefined;
  }
}

const steps = await stepsOf(process.argv[2] ?? 'test');
if (steps === undefined) {
  console.error('Say which tier to run: test, servers or long.');
  process.exit(2);
}
// The program is started a thousand times: its TypeScript is stripped and compiled once, not each time.
const compiled = await mkdtemp(join(tmpdir(), 'mailkeep-compiled-'));
process.env['NODE_COMPILE_CACHE'] = compiled;
const started = performance.now();
let total = nothing;
for (const [index, step] of steps.entries()) {
  if (stop.signal.aborted) break;
  print(`[${index + 1}/${steps.length}] ${step.name}`);
  const from = performance.now();
  const tally = await step.run();
  total = sum(total, tally);
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  print(`  ${isGood(tally) ? 'ok' : 'FAILED'}: ${step.name}, ${seconds} s`);
}
await rm(compiled, { recursive: true, force: true });
if (stop.signal.aborted) {
  print('Stopped before the end.');
  total = sum(total, { ...nothing, cancelled: 1 });
}
for (const line of closingLines(total, performance.now() - started)) print(line);
process.exitCode = isGood(total) ? 0 : 1;
