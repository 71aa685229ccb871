import { InvalidArgumentError } from 'commander';
import type { Backend } from '../../contract/backend.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { holdEverything } from '../hold-everything.ts';
import { withBackend } from '../with-backend.ts';

interface Options extends GlobalOptions {
  readonly days: number;
}

const parseDays = (text: string): number => {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('It must be a number of days from 1.');
  return Number(text);
};

export const protectCommand: DefineCommand = (execute) =>
  newCommand('protect', 'hold everything in the repository back from deletion (S3 Object Lock)')
    .requiredOption('--days <number>', 'for so many days from now, at least', parseDays)
    .addHelpText(
      'after',
      examples([
        'mailkeep protect -r s3:s3.eu-central-1.amazonaws.com/bucket --days 60',
        '  After forget and prune, and more often than the days: what is older than them is held no longer.',
        '  It needs no password. Locks are not held.',
      ]),
    )
    .action((options: Options) =>
      execute(options, (context) => withBackend(context, (backend) => protect(backend, options, context))),
    );

const protect = async (backend: Backend, { days, json }: Options, context: CommandContext): Promise<number> => {
  const { run, output, messages } = context;
  const until = run.now() + BigInt(days) * 86_400_000_000_000n;
  const { extended, held } = await holdEverything(backend, until, run);
  const time = new Date(Number(until / 1_000_000n)).toISOString();
  if (json) output.print(JSON.stringify({ message_type: 'summary', until: time, extended, held_already: held }));
  else output.print(messages.objectsHeld(extended, held, time.slice(0, 10)));
  return exitCode.good;
};
