import { Fault } from '../../model/fault.ts';
import type { Run } from '../../contract/run.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { confirm, isAttended } from '../confirm.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withRepository } from '../open-repository.ts';

interface UnlockCommandOptions extends GlobalOptions {
  readonly removeAll: boolean;
  readonly yes: boolean;
}

export const unlockCommand: DefineCommand = (execute) =>
  newCommand('unlock', 'remove locks that programs which no longer run have left')
    .option('--remove-all', 'remove all locks, also those that are in use', false)
    .option('--yes', 'with --remove-all: without being asked', false)
    .addHelpText(
      'after',
      examples(['mailkeep unlock                     stale locks', 'mailkeep unlock --remove-all --yes  every lock']),
    )
    .action((options: UnlockCommandOptions) =>
      execute(options, (context) => withRepository(context, (repository) => removeLocks(repository, options, context))),
    );

const removeLocks = async (
  repository: Repository,
  { removeAll, yes, json }: UnlockCommandOptions,
  context: CommandContext,
): Promise<number> => {
  const { run, output, messages } = context;
  if (removeAll && !yes && !(await mayRemoveAll(context))) {
    output.print(messages.locksRemoved(0));
    return exitCode.incomplete;
  }
  const { unlock } = await import('../../store/restic/lock/lock.ts');
  const { backend, envelope } = repository.session;
  const removed = await unlock(backend, envelope, { all: removeAll }, run);
  const left = await countLocks(repository, run);
  if (json) output.print(JSON.stringify({ message_type: 'summary', locks_removed: removed, locks_left: left }));
  else {
    output.print(messages.locksRemoved(removed));
    if (left > 0) output.print(messages.locksLeft(left));
  }
  return exitCode.good;
};

const mayRemoveAll = async (context: CommandContext): Promise<boolean> => {
  if (isAttended(context)) return confirm(context.messages.askUnlockAll(), context);
  throw new Fault(
    'usage',
    '--remove-all also removes the locks of programs that are at work, and there is nobody to ask',
    {
      hint: 'Make sure that nothing uses the repository, then say --yes as well.',
    },
  );
};

/** Empty files are no locks: they block nobody. */
const countLocks = async ({ session }: Repository, run: Run): Promise<number> => {
  let count = 0;
  for await (const page of session.backend.list('lock', run)) count += page.filter(({ size }) => size > 0).length;
  return count;
};
