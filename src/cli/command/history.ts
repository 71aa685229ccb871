import { InvalidArgumentError } from 'commander';
import { Fault } from '../../model/fault.ts';
import type { KnownRun } from '../../model/run-record.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { historyLines, runLines } from '../run/history-lines.ts';
import { withKnownHistory } from '../run/known-history.ts';

interface Options extends GlobalOptions {
  readonly last: number;
}

const usualNumber = 30;

const parseNumber = (text: string): number => {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1.');
  return Number(text);
};

export const historyCommand: DefineCommand = (execute) =>
  newCommand('history', 'tell of earlier runs: how long, how much, how they ended')
    // What stands behind `show` is its own.
    .enablePositionalOptions()
    .argument('[job]', 'only runs that had this account')
    .option('--last <number>', 'so many, the newest', parseNumber, usualNumber)
    .addHelpText(
      'after',
      examples([
        'mailkeep history                    the last 30 runs, newest first',
        'mailkeep history fastmail --last 7  of one account',
        'mailkeep history show 4f1c          all that is known of one run',
        'mailkeep history --json             one line a run, as it is recorded',
      ]),
    )
    .action((job: string | undefined, options: Options) =>
      execute(options, (context) => tellHistory(job, options, context)),
    )
    .addCommand(
      newCommand('show', 'tell all that is known of one run')
        .argument('<id>', 'the beginning of its id')
        .action((id: string, options: GlobalOptions) => execute(options, (context) => showRun(id, context))),
    );

const runJson = (known: KnownRun): string =>
  JSON.stringify({
    message_type: 'run',
    state: known.kind,
    ...(known.kind === 'finished' ? known.record : known.start),
  });

const tellHistory = async (job: string | undefined, { last }: Options, context: CommandContext): Promise<number> => {
  const { output, options, messages } = context;
  const runs = (await withKnownHistory(context, (history) => history.runs({ last, job }))) ?? [];
  if (options.json) for (const known of runs) output.print(runJson(known));
  else if (runs.length === 0) output.print(messages.historyEmpty());
  else for (const line of historyLines(runs, messages)) output.print(line);
  return exitCode.good;
};

const showRun = async (id: string, context: CommandContext): Promise<number> => {
  const found = (await withKnownHistory(context, (history) => history.find(id))) ?? [];
  const [known] = found;
  if (known === undefined || found.length > 1) {
    throw new Fault(
      'usage',
      `${found.length === 0 ? 'no run' : 'more than one run'} has an id that begins with ${id}`,
      {
        hint: '`mailkeep history` lists them.',
      },
    );
  }
  const { output, options } = context;
  if (options.json) output.print(runJson(known));
  else for (const line of runLines(known, context.messages)) output.print(line);
  return exitCode.good;
};
