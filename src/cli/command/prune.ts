import { Fault } from '../../model/fault.ts';
import type { GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { withRepository } from '../open-repository.ts';
import { addPruneOptions, pruneOptionsOf, type PruneCommandOptions } from '../prune/prune-options.ts';
import { runPrune } from '../prune/run-prune.ts';

interface Options extends GlobalOptions, PruneCommandOptions {
  readonly dryRun: boolean;
  readonly yes: boolean;
}

export const pruneCommand: DefineCommand = (execute) =>
  addPruneOptions(newCommand('prune', 'give back the space of what no snapshot needs any more'))
    .option('-n, --dry-run', 'show what would be done and do nothing', false)
    .option('--yes', 'do it without being asked; needed where nobody can be asked', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep prune --dry-run            what would go, and why (more with -v)',
        'mailkeep prune --yes                from a script; unused packs are noted now and go a day later',
        'mailkeep prune --grace 0 --yes      at once: only when nothing else can be writing',
        'mailkeep prune --max-unused unlimited --yes   repack nothing but small packs and folders',
      ]),
    )
    .action((options: Options) =>
      execute(options, (context) =>
        withRepository(context, (repository) => {
          if (!options.lock && !options.dryRun) {
            throw new Fault('usage', 'prune cannot run without a lock', {
              hint: '--no-lock goes with --dry-run only.',
            });
          }
          const { packSize } = repository.session.options;
          return runPrune(repository, pruneOptionsOf(options, packSize), options, context);
        }),
      ),
    );
