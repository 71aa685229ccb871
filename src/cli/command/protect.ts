import { InvalidArgumentError } from 'commander';
import type { Backend, ObjectHandle, ObjectKind } from '../../contract/backend.ts';
import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
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

const kinds: readonly ObjectKind[] = ['config', 'key', 'snapshot', 'index', 'pack'];

const protect = async (backend: Backend, { days, json }: Options, context: CommandContext): Promise<number> => {
  const { run, output, messages } = context;
  const { versions } = backend;
  if (versions === undefined) {
    throw new Fault('unsupported', `nothing can be held back from deletion at ${backend.description}`, {
      hint: 'Only S3 buckets with Object Lock can do that.',
    });
  }
  const until = run.now() + BigInt(days) * 86_400_000_000_000n;
  let extended = 0;
  let enough = 0;
  const holdOne = async (handle: ObjectHandle): Promise<void> => {
    if (await versions.hold(handle, until, run)) extended++;
    else enough++;
  };
  for (const kind of kinds) await eachAtOnce(backend, kind, holdOne, run);
  const time = new Date(Number(until / 1_000_000n)).toISOString();
  if (json) output.print(JSON.stringify({ message_type: 'summary', until: time, extended, held_already: enough }));
  else output.print(messages.objectsHeld(extended, enough, time.slice(0, 10)));
  return exitCode.good;
};

/** Does something with every object of a kind, as many at once as the storage takes. */
const eachAtOnce = async (
  backend: Backend,
  kind: ObjectKind,
  work: (handle: ObjectHandle) => Promise<void>,
  run: Run,
): Promise<void> => {
  for await (const page of backend.list(kind, run)) {
    const waiting = [...page];
    const take = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        throwIfInterrupted(run);
        await work({ kind, name: next.name });
      }
    };
    await Promise.all(Array.from({ length: backend.capabilities.connections }, take));
  }
};
