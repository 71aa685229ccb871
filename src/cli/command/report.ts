import { InvalidArgumentError, Option } from 'commander';
import { type History, openHistory } from '../../catalog/history.ts';
import { findConfig } from '../../config/find-config.ts';
import { Fault } from '../../model/fault.ts';
import { type KnownRun, type RunRecord, runsOf } from '../../model/run-record.ts';
import { drawReport } from '../../operation/report/drawing.ts';
import { reportHtml } from '../../operation/report/html.ts';
import { createReport, type Report } from '../../operation/report/report.ts';
import { reportText } from '../../operation/report/text.ts';
import { messagesIn } from '../catalogue/messages.ts';
import { openConfiguration } from '../configuration.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { historyPath } from '../run/known-history.ts';

interface ReportOptions extends GlobalOptions {
  readonly days?: number;
  readonly format?: 'text' | 'html' | 'json';
  readonly language?: 'en' | 'ja';
}

const parseDays = (text: string): number => {
  const days = Number(text);
  if (Number.isSafeInteger(days) && days >= 1 && days <= 800) return days;
  throw new InvalidArgumentError('It must be a number of days from 1 to 800.');
};

export const reportCommand: DefineCommand = (execute) =>
  newCommand('report', 'what a run did: what came, what left, and what needs a person')
    .argument('[run]', 'the beginning of its id, as `mailkeep history` shows it (default: the last that ended)')
    .option('--last', 'the last run that ended, as without any of these')
    .option('--days <days>', 'all runs of the last days as one report', parseDays)
    .addOption(new Option('--format <format>', 'in what form').choices(['text', 'html', 'json']))
    .addOption(new Option('--language <language>', 'in which language').choices(['en', 'ja']))
    .addHelpText(
      'after',
      examples([
        'mailkeep report                              the last run',
        'mailkeep report 1aabf372                     a run by its id',
        'mailkeep report --days 7                     a week as one report',
        'mailkeep report --format html > report.html',
      ]),
    )
    .action((id: string | undefined, options: ReportOptions) =>
      execute(options, (context) => tellReport(id, options, context)),
    );

const tellReport = async (id: string | undefined, options: ReportOptions, context: CommandContext): Promise<number> => {
  if (id !== undefined && options.days !== undefined) {
    throw new Fault('usage', 'a run and --days cannot be given together', { hint: 'Give one of them.' });
  }
  const history = await openHistory(historyPath(context), context.run);
  try {
    const configuration = await findConfig(context.options.config, context.environment);
    const recent: Recent = (last) => runsOf(history.runs({ last }), configuration);
    const report =
      options.days === undefined
        ? ofRun(id === undefined ? lastRun(recent, context) : runNamed(id, history), history)
        : ofDays(options.days, recent, context);
    await print(report, options, context);
  } finally {
    history.close();
  }
  return exitCode.good;
};

const noRun = (): Fault =>
  new Fault('usage', 'no run has ended yet', { hint: '`mailkeep run` does one; `mailkeep history` lists them.' });

const finished = (runs: readonly KnownRun[]): readonly RunRecord[] =>
  runs.flatMap((known) => (known.kind === 'finished' ? [known.record] : []));

/** How many runs back growth is looked for. */
const lookedAtMost = 200;

/** The newest runs of this configuration; others have accounts and repositories of the same names. */
type Recent = (last: number) => readonly KnownRun[];

const ofRun = (record: RunRecord, history: History): Report => {
  const { newest, alike } = history.before(record);
  return createReport({ runs: [record], earlier: alike === undefined ? [] : [alike], before: newest });
};

const lastRun = (recent: Recent, { output, messages }: CommandContext): RunRecord => {
  const known = recent(lookedAtMost);
  const [newest] = known;
  if (newest?.kind === 'cut-off' || newest?.kind === 'under-way') {
    output.say(messages.newestRunIs(newest.kind, newest.start.id.slice(0, 8)));
  }
  const [record] = finished(known);
  if (record !== undefined) return record;
  throw noRun();
};

const runNamed = (id: string, history: History): RunRecord => {
  const [known, other] = history.find(id);
  if (known === undefined || other !== undefined) {
    const message = known === undefined ? `there is no run ${id}` : `several runs begin with ${id}`;
    throw new Fault('usage', message, { hint: '`mailkeep history` lists them with their ids.' });
  }
  if (known.kind === 'finished') return known.record;
  throw new Fault('usage', `the run ${id} has left no record of what it did: it is under way, or was cut off`);
};

const ofDays = (days: number, recent: Recent, { run }: CommandContext): Report => {
  const since = Number(run.now() / 1_000_000n) - days * 86_400_000;
  const newestFirst = finished(recent(lookedAtMost + days * 24));
  const [first, ...others] = newestFirst.filter(({ started }) => started >= since).toReversed();
  if (first === undefined) throw noRun();
  return createReport({ runs: [first, ...others], earlier: newestFirst.filter(({ started }) => started < since) });
};

const print = async (
  report: Report,
  { format, language, json }: ReportOptions,
  context: CommandContext,
): Promise<void> => {
  const { output, environment } = context;
  if (json || format === 'json') {
    output.print(JSON.stringify({ message_type: 'report', ...report }));
    return;
  }
  const config = (await openConfiguration(context))?.config;
  const spoken = language ?? environment.chosenLanguage ?? config?.language ?? environment.language;
  const drawn = drawReport(report, { words: messagesIn(spoken), timeZone: config?.timeZone });
  output.print((format === 'html' ? reportHtml(drawn) : reportText(drawn)).trimEnd());
};
