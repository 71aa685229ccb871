import { selectSnapshots } from '../../model/snapshot-selection.ts';
import { repairSnapshots } from '../../store/restic/repair/repair-snapshots.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { mayGoAhead } from '../ask-first.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withRepository } from '../open-repository.ts';
import { reportRewritten } from '../rewritten-report.ts';
import { addFilterOptions, filterOf, type FilterOptions } from '../snapshot-options.ts';

interface Options extends GlobalOptions, FilterOptions {
  readonly forget: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

export const repairSnapshotsCommand: DefineCommand = (execute) =>
  addFilterOptions(newCommand('snapshots', 'make snapshots without what is lost of them'))
    .argument('[ids...]', 'only these: beginnings of ids, latest, latest~1')
    .option('--forget', 'remove the damaged snapshots once the new ones are there', false)
    .option('-n, --dry-run', 'show what would be done and do nothing', false)
    .option('--yes', 'do it without being asked; needed with --forget where nobody can be asked', false)
    .addHelpText('after', examples(['mailkeep repair snapshots --dry-run', 'mailkeep repair snapshots --forget']))
    .action((ids: readonly string[], options: Options) =>
      execute(options, (context) =>
        withRepository(context, (repository) =>
          repository.locked(
            options.forget ? 'exclusive' : 'shared',
            () => mend(repository, ids, options, context),
            context.run,
          ),
        ),
      ),
    );

const mend = async (
  repository: Repository,
  ids: readonly string[],
  options: Options,
  context: CommandContext,
): Promise<number> => {
  const { output, messages, run } = context;
  const { forget, json } = options;
  const chosen = selectSnapshots(await repository.snapshots(run), ids, filterOf(options, context));
  // What is lost is told by the dry run that is the plan; it need not be told again.
  const plan = await repairSnapshots(repository, chosen, { forget, dryRun: true }, run);
  const isIdle = plan.every(({ outcome }) => outcome === 'unchanged');
  if (options.dryRun || isIdle) {
    reportRewritten(plan, { json, forget, dryRun: true }, context);
    return isIdle ? exitCode.good : exitCode.incomplete;
  }
  if (forget && !json) reportRewritten(plan, { json, forget, dryRun: true }, context);
  if (forget && !(await mayGoAhead(options.yes, context))) {
    output.print(messages.nothingPruned());
    return exitCode.incomplete;
  }
  const silent = { signal: run.signal, now: () => run.now(), emit: () => {} };
  const results = await repairSnapshots(repository, chosen, { forget, dryRun: false }, silent);
  reportRewritten(results, { json, forget, dryRun: false }, context);
  return results.some(({ outcome }) => outcome === 'lost') ? exitCode.incomplete : exitCode.good;
};
