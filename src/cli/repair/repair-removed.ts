import type { Backend, LostObject, ObjectKind } from '../../contract/backend.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { mayGoAhead } from '../ask-first.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { parseMoment } from '../parse-moment.ts';
import { withBackend } from '../with-backend.ts';

interface Options extends GlobalOptions {
  readonly since: Nanoseconds;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

export const repairRemovedCommand: DefineCommand = (execute) =>
  newCommand('removed', 'bring back what was removed or overwritten in a bucket that keeps versions (S3)')
    .requiredOption('--since <time>', 'what was removed before that stays so, e.g. "2026-01-31 15:04"', parseMoment)
    .option('-n, --dry-run', 'show what would be done and do nothing', false)
    .option('--yes', 'do it without being asked; needed where nobody can be asked', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep repair removed -r s3:s3.eu-central-1.amazonaws.com/bucket --since 2026-01-31',
        '  After somebody got hold of a key: first make that key useless. It needs no password.',
      ]),
    )
    .action((options: Options) =>
      execute(options, (context) => withBackend(context, (backend) => bringAllBack(backend, options, context))),
    );

/** What makes other objects visible comes last: packs, then indexes, then snapshots. Locks stay gone. */
const kinds: readonly ObjectKind[] = ['pack', 'index', 'key', 'config', 'snapshot'];

const bringAllBack = async (backend: Backend, options: Options, context: CommandContext): Promise<number> => {
  const { output, messages, run } = context;
  const { versions } = backend;
  if (versions === undefined) {
    throw new Fault('unsupported', `no versions are kept at ${backend.description}`, {
      hint: 'Only S3 buckets with versioning keep what was removed.',
    });
  }
  const lost: LostObject[] = [];
  for (const kind of kinds) {
    for await (const page of versions.lost(kind, run)) lost.push(...page.filter(({ at }) => at >= options.since));
  }
  const removed = lost.filter(({ how }) => how === 'removed').length;
  if (!options.json) output.print(messages.lostFound(removed, lost.length - removed));
  const goesAhead = lost.length > 0 && !options.dryRun;
  if (goesAhead && !(await mayGoAhead(options.yes, context))) return exitCode.incomplete;
  if (goesAhead) for (const object of lost) await versions.bringBack(object, run);
  if (options.json) {
    const summary = { removed, overwritten: lost.length - removed, brought_back: goesAhead ? lost.length : 0 };
    output.print(JSON.stringify({ message_type: 'summary', ...summary }));
  } else if (goesAhead) output.print(messages.lostBroughtBack(lost.length));
  return exitCode.good;
};
