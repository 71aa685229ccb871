import type { Cost } from './measure.ts';
import type { Found } from './program.ts';
import type { Result, Series } from './series.ts';

export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memory: number;
  readonly kernel: string;
  readonly fileSystem: string;
  readonly load: string;
  readonly date: string;
  readonly commit: string;
}

export interface Report {
  readonly machine: Machine;
  readonly method: string;
  readonly repeat: number;
  readonly cold: boolean;
  readonly programs: readonly Found[];
  readonly series: readonly Series[];
  readonly mailboxes: readonly string[];
  readonly results: readonly Result[];
}

const ours = 'mailkeep';

/** The whole report as Markdown, below headings of the second level. */
export function markdown(report: Report): string {
  return [...headLines(report), '', ...mainTable(report), '', ...fixedTable(report), '', ...failures(report)]
    .join('\n')
    .trimEnd();
}

function headLines({ machine, method, repeat, cold, programs, mailboxes }: Report): string[] {
  return [
    `${machine.date}, ${machine.processors} × ${machine.processor}, ${gigabytes(machine.memory)} GB of memory, Linux ${machine.kernel}, ${machine.fileSystem}; load before and after: ${machine.load}; Mailkeep at ${machine.commit}.`,
    `Medians of ${repeat} ${repeat === 1 ? 'run' : 'runs'}, ${cold ? 'page cache dropped before each' : 'page cache warm'}. ${method}.`,
    '',
    ...programs.map((found) =>
      found.kind === 'missing'
        ? `- ${found.name}: missing: ${found.why}`
        : `- ${found.program.name}: ${found.program.version}; ${found.program.how}`,
    ),
    ...mailboxes.map((mailbox) => `- ${mailbox}`),
  ];
}

function mainTable({ results, series, programs }: Report): string[] {
  const lines = [
    '| row | program | wall s | Mailkeep is faster by | CPU s | … needs less CPU by | peak MB | all processes MB | stored MB | Mailkeep stores, of it |',
    '| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
  ];
  for (const row of series.flatMap(({ rows }) => rows)) {
    const inRow = results.filter((result) => result.row === row.id);
    const us = inRow.find((result) => result.program === ours);
    for (const result of inRow) {
      lines.push(`| ${row.title} | ${[result.program, ...figures(result, us)].join(' | ')} |`);
    }
    for (const found of programs) {
      if (found.kind === 'missing') lines.push(`| ${row.title} | ${found.name} | missing | | | | | | | |`);
    }
  }
  return lines;
}

function figures(result: Result, us: Result | undefined): string[] {
  if (result.failure !== undefined || result.costs.length === 0) return ['failed', '', '', '', '', '', '', ''];
  const of = (pick: (cost: Cost) => number, whose: Result = result): number => median(whose.costs.map(pick));
  const times = (pick: (cost: Cost) => number): string =>
    us === undefined || us === result || us.costs.length === 0 ? '' : `${(of(pick) / of(pick, us)).toFixed(2)} ×`;
  const stored = result.stored ?? 0;
  const share =
    us === undefined || us === result || us.failure !== undefined || stored === 0
      ? ''
      : ((us.stored ?? 0) / stored).toFixed(2);
  return [
    of((cost) => cost.wall).toFixed(2),
    times((cost) => cost.wall),
    of((cost) => cost.cpu).toFixed(2),
    times((cost) => cost.cpu),
    megabytes(of((cost) => cost.peak)),
    megabytes(of((cost) => cost.peakSum)),
    megabytes(stored),
    share,
  ];
}

/** What each program pays before it looks at any mail, and what is left of "nothing changed" without that. */
function fixedTable({ results, series }: Report): string[] {
  const wallOf = (row: string | undefined, program: string): number | undefined => {
    const found = results.find((result) => result.row === row && result.program === program);
    return found === undefined || found.failure !== undefined || found.costs.length === 0
      ? undefined
      : median(found.costs.map(({ wall }) => wall));
  };
  const rows = series.flatMap((each) => each.rows.map((row) => ({ ...row, mailbox: each.mailbox })));
  const fixed = rows.find((row) => row.mailbox === 'one-file' && row.action === 'unchanged')?.id;
  const open = rows.find((row) => row.action === 'open')?.id;
  if (fixed === undefined) return [];
  const beyond = rows.filter((row) => row.mailbox !== 'one-file' && ['unchanged', 'changed'].includes(row.action));
  const programs = [...new Set(results.filter(({ row }) => row === fixed).map(({ program }) => program))];
  return [
    `| fixed costs, s | opening the repository (start, key derivation) | backup of one unchanged file (start, key, lock wait, snapshot) |${beyond.map((row) => ` ${row.title}, beyond that |`).join('')}`,
    `| --- | ---: | ---: |${' ---: |'.repeat(beyond.length)}`,
    ...programs.map((program) => {
      const base = wallOf(fixed, program);
      const rest = beyond.map((row) => {
        const wall = wallOf(row.id, program);
        return wall === undefined || base === undefined ? '' : (wall - base).toFixed(2);
      });
      return `| ${[program, wallOf(open, program)?.toFixed(2) ?? '', base?.toFixed(2) ?? 'failed', ...rest].join(' | ')} |`;
    }),
  ];
}

function failures({ results }: Report): string[] {
  const reasons = new Set(
    results.flatMap(({ program, failure }) =>
      failure === undefined ? [] : [`- ${program} failed: ${oneLine(failure)}`],
    ),
  );
  return [...reasons];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').slice(0, 400);
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const high = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return (low + high) / 2;
}

function megabytes(bytes: number): string {
  return bytes === 0 ? '' : (bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0);
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(0);
}

/** Which of the tables of the page: each lies between two markers of its own. */
export type Table = 'main' | 'imap';

const markers: Readonly<Record<Table, string>> = { main: 'bench', imap: 'bench-imap' };

/** The page with a new report between two markers. */
export function withReport(page: string, report: string, table: Table = 'main'): string {
  const begin = `<!-- ${markers[table]}:begin -->`;
  const end = `<!-- ${markers[table]}:end -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error(`the page lacks ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${report}\n\n${page.slice(to)}`;
}
