import {
  isIndexSound,
  repairIndex,
  repairIndexPlan,
  type RepairIndexPlan,
} from '../../store/restic/repair/repair-index.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { mayGoAhead } from '../ask-first.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withRepository } from '../open-repository.ts';

interface Options extends GlobalOptions {
  readonly readAllPacks: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

export const repairIndexCommand: DefineCommand = (execute) =>
  newCommand('index', 'make the index anew where it is damaged, from what the packs say of themselves')
    .option('--read-all-packs', 'trust no index file: read what every pack says of itself', false)
    .option('-n, --dry-run', 'show what would be done and do nothing', false)
    .option('--yes', 'do it without being asked; needed where nobody can be asked', false)
    .addHelpText('after', examples(['mailkeep repair index', 'mailkeep repair index --read-all-packs --yes']))
    .action((options: Options) =>
      execute(options, (context) =>
        withRepository(context, (repository) =>
          repository.locked('exclusive', () => mend(repository, options, context), context.run),
        ),
      ),
    );

const mend = async (repository: Repository, options: Options, context: CommandContext): Promise<number> => {
  const { output, messages, run } = context;
  const plan = await repairIndexPlan(repository, { readAll: options.readAllPacks }, run);
  const record = recordOf(plan);
  if (!options.json) output.print(messages.indexPlan(record));
  if (options.dryRun || isIndexSound(plan)) {
    if (options.json) output.print(JSON.stringify({ message_type: 'summary', ...record }));
    return exitCode.good;
  }
  if (!(await mayGoAhead(options.yes, context))) {
    output.print(messages.nothingPruned());
    return exitCode.incomplete;
  }
  const result = await repairIndex(repository, plan, run);
  if (options.json) {
    const { packsRead, unreadablePacks, newIndexes, removedIndexes } = result;
    output.print(
      JSON.stringify({
        message_type: 'summary',
        ...record,
        packs_read: packsRead,
        packs_unreadable: unreadablePacks,
        indexes_written: newIndexes,
        indexes_removed: removedIndexes,
      }),
    );
  } else output.print(messages.indexMended(result.packsRead, result.newIndexes));
  return result.unreadablePacks.length > 0 ? exitCode.incomplete : exitCode.good;
};

const recordOf = (plan: RepairIndexPlan) => ({
  damaged_indexes: plan.damagedIndexes.length,
  unlisted_packs: plan.unlistedPacks.length,
  wrong_size_packs: plan.wrongSizePacks.length,
  missing_packs: plan.missingPacks.length,
  packs_to_read: plan.packsToRead.length,
});
