import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { changedMailboxes } from './mailbox-cache.ts';
import { measuringMethod } from './measure.ts';
import { findPrograms, type Found } from './program.ts';
import { type Machine, markdown, withReport } from './report.ts';
import { type Plan, type Result, type Row, runSeries, type Series } from './series.ts';
import { datedSeries } from './dated-series.ts';
import { imapProgramNames } from './imap-programs.ts';
import { imapSeries } from './imap-series.ts';
import { s3Latency } from './s3-storage.ts';
import { openWorkFolder } from './work-folder.ts';

const usage = `npm run bench [-- OPTIONS]: Mailkeep beside restic, borg, rsync and tar+zstd on the same mail, in one run

  --rows LIST       of: fixed, first-backup, unchanged, restore, check, shared-attachments, unchanged-large,
                    changed-large, million, s3-first, dated-first, imap-first, imap-unchanged, imap-large
                    (default: all but million, s3-first, dated-first and those of imap)
  --messages N      size of the standard mailbox (50000); the large one has ten times as many, of 2 kB
  --quick           2000 messages, one run: whether it works, not how fast it is
  --repeat N        runs of each (3)
  --programs LIST   of: mailkeep, restic, restic 0.14, restic on ours, borg, rsync, tar+zstd; in rows of imap:
                    mailkeep, mailkeep mirror, mirror alone, mbsync, offlineimap (all)
  --cold            drop the page cache before each run (root only)
  --base DIR        where mailboxes and repositories are put (/var/tmp/mailkeep-bench)
  --no-build        take dist/ as it is
  --json FILE       write every single figure
  --write-docs      put the table into docs/benchmarks.md
  --in-ci           run although CI is set in the environment
`;

const root = fileURLToPath(new URL('..', import.meta.url));

/** All rows, in series of one mailbox each. */
function allSeries(messages: number): Series[] {
  const large = messages * 10;
  const count = (number: number): string => number.toLocaleString('en-GB');
  return [
    {
      mailbox: 'one-file',
      messages: 1,
      rows: [
        { id: 'fixed', title: 'nothing changed, one file', action: 'unchanged' },
        { id: 'open', title: 'open the repository', action: 'open' },
      ],
    },
    {
      mailbox: 'standard',
      messages,
      rows: [
        { id: 'first-backup', title: `first backup, ${count(messages)}`, action: 'first' },
        { id: 'unchanged', title: `nothing changed, ${count(messages)}`, action: 'unchanged' },
        { id: 'restore', title: 'full restore', action: 'restore' },
        { id: 'check', title: 'check, all data read', action: 'check' },
      ],
    },
    {
      mailbox: 'shared-attachments',
      messages,
      rows: [
        {
          id: 'shared-attachments',
          title: `first backup, repeated attachments, ${count(messages)}`,
          action: 'first',
          once: true,
        },
      ],
    },
    {
      mailbox: 'standard',
      messages,
      storage: 's3',
      rows: [
        { id: 's3-first', title: `first backup to S3, ${s3Latency} ms away, ${count(messages)}`, action: 'first' },
        { id: 's3-unchanged', title: `nothing changed, S3 ${s3Latency} ms away`, action: 'unchanged' },
        { id: 's3-restore', title: `full restore from S3, ${s3Latency} ms away`, action: 'restore' },
      ],
    },
    {
      mailbox: 'tiny',
      messages: large,
      rows: [
        { id: 'unchanged-large', title: `nothing changed, ${count(large)}`, action: 'unchanged' },
        { id: 'changed-large', title: `1 % new, 1 % flags, ${count(large)}`, action: 'changed' },
      ],
    },
    {
      mailbox: 'tiny',
      messages: messages * 20,
      rows: [
        { id: 'million', title: `first backup, ${count(messages * 20)}`, action: 'first' },
        { id: 'million-unchanged', title: `nothing changed, ${count(messages * 20)}`, action: 'unchanged' },
        { id: 'million-check', title: `check, all data read, ${count(messages * 20)}`, action: 'check' },
        { id: 'million-restore', title: `full restore, ${count(messages * 20)}`, action: 'restore' },
      ],
    },
    ...datedSeries(messages),
    ...imapSeries(messages),
  ];
}

/** Rows that are measured along with another, whose result they build on. */
const companions: Readonly<Record<string, readonly string[]>> = {
  million: ['million-unchanged', 'million-check', 'million-restore'],
  's3-first': ['s3-unchanged', 's3-restore'],
  'dated-first': ['dated-next'],
  fixed: ['open'],
  'imap-large': ['imap-large-unchanged'],
};

/** The rows that a name on the command line stands for. */
function rowsNamed(names: readonly string[], series: readonly Series[]): Series[] {
  const wanted = new Set(names.flatMap((name) => [name, ...(companions[name] ?? [])]));
  const known = series.flatMap(({ rows }) => rows.map(({ id }) => id));
  const unknown = [...wanted].filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no such row: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const has = (row: Row): boolean => wanted.has(row.id);
  return series.map((each) => ({ ...each, rows: each.rows.filter(has) })).filter(({ rows }) => rows.length > 0);
}

function chosenSeries(rows: string | undefined, messages: number): Series[] {
  const all = allSeries(messages);
  if (rows !== undefined) return rowsNamed(rows.split(','), all);
  return rowsNamed(
    all.flatMap((each) => each.rows.map(({ id }) => id)).filter((id) => !/^(?:million|s3|dated|imap)/.test(id)),
    all,
  );
}

function parsePositive(text: string, option: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`${option} wants a positive number, not ${text}`);
  return number;
}

function machineNow(base: string, loadBefore: string): Machine {
  const [processor] = cpus();
  const git = (...args: readonly string[]): string =>
    spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' }).stdout.trim();
  return {
    processor: processor?.model ?? 'unknown processor',
    processors: cpus().length,
    memory: totalmem(),
    kernel: release(),
    fileSystem: spawnSync('stat', ['-f', '-c', '%T', base], { encoding: 'utf8' }).stdout.trim(),
    load: `${loadBefore}, ${load()}`,
    date: new Date().toISOString().slice(0, 10),
    commit: `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', 'src') === '' ? '' : ' with changes'}`,
  };
}

function load(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

/** Generously: each message with each of the programs, in each first backup and each restore, and the mailbox itself. */
function spaceNeeded(series: readonly Series[], repeat: number): number {
  let needed = 0;
  for (const { mailbox, messages, rows, account } of series) {
    if (mailbox === 'one-file') continue;
    const perMessage = mailbox === 'tiny' ? 5_000 : 32_000;
    // The account itself, and a copy with each program.
    if (account !== undefined) needed += messages * perMessage * 3;
    const copies = rows.reduce((sum, row) => {
      const times = row.once === true ? 1 : repeat;
      return sum + (row.action === 'restore' ? 6 : row.action === 'first' ? 3.2 : 0) * times;
    }, 1);
    needed += messages * perMessage * (rows.some((row) => row.action === 'first') ? copies : copies + 3.2);
  }
  return needed;
}

function say(line: string): void {
  console.error(line);
}

function build(): void {
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('npm run build failed');
}

function chosenPrograms(found: readonly Found[], names: readonly string[] | undefined): Found[] {
  if (names === undefined) return [...found];
  const nameOf = (each: Found): string => (each.kind === 'missing' ? each.name : each.program.name);
  return names.flatMap((name) => {
    if (imapProgramNames.includes(name) && name !== 'mailkeep') return [];
    const chosen = found.find((each) => nameOf(each) === name);
    if (chosen === undefined) throw new Error(`no such program: ${name}; there are ${found.map(nameOf).join(', ')}`);
    return chosen;
  });
}

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rows: { type: 'string' },
      messages: { type: 'string' },
      quick: { type: 'boolean', default: false },
      repeat: { type: 'string' },
      programs: { type: 'string' },
      cold: { type: 'boolean', default: false },
      base: { type: 'string', default: '/var/tmp/mailkeep-bench' },
      'no-build': { type: 'boolean', default: false },
      json: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
      'in-ci': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return;
  }
  if (process.env['CI'] !== undefined && !values['in-ci'])
    throw new Error('CI is set: figures from there mean nothing; --in-ci runs all the same');
  if (values.cold && process.getuid?.() !== 0) throw new Error('--cold needs root');
  const series = chosenSeries(
    values.rows,
    parsePositive(values.messages ?? (values.quick ? '2000' : '50000'), '--messages'),
  );
  const repeat = parsePositive(values.repeat ?? (values.quick ? '1' : '3'), '--repeat');
  if (!values['no-build'] && (values.programs ?? 'mailkeep').split(',').includes('mailkeep')) build();
  const named = values.programs?.split(',');
  const isOfImap = series.every(({ account }) => account !== undefined);
  const programs = isOfImap ? [] : chosenPrograms(await findPrograms(values.base), named);
  const work = await openWorkFolder({
    base: values.base,
    needed: spaceNeeded(series, repeat),
    patient: !values.quick,
    say,
  });
  const plan: Plan = {
    base: values.base,
    work,
    programs: programs.flatMap((found) => (found.kind === 'program' ? [found.program] : [])),
    named,
    repeat,
    cold: values.cold,
    say,
  };
  const loadBefore = load();
  const results: Result[] = [];
  const mailboxes: string[] = [];
  const others = new Map<string, Found>();
  try {
    for (const each of series) {
      const done = await runSeries(each, plan);
      results.push(...done.results);
      mailboxes.push(...done.mailbox);
      for (const found of done.programs) others.set(found.kind === 'missing' ? found.name : found.program.name, found);
    }
  } finally {
    work.close(changedMailboxes(values.base));
  }
  const machine = machineNow(values.base, loadBefore);
  const report = {
    machine,
    method: measuringMethod(),
    repeat,
    cold: values.cold,
    programs: [...programs, ...others.values()],
    series,
    mailboxes,
    results,
  };
  const text = markdown(report);
  console.log(text);
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
  if (values['write-docs']) {
    const page = join(root, 'docs', 'benchmarks.md');
    writeFileSync(page, withReport(readFileSync(page, 'utf8'), text, isOfImap ? 'imap' : 'main'));
  }
}

await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
