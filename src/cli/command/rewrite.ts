import type { Run } from '../../contract/run.ts';
import { compileFilter } from '../../model/filter.ts';
import { Fault } from '../../model/fault.ts';
import { isNote, type ZonedTime } from '../../model/snapshot.ts';
import { selectSnapshots } from '../../model/snapshot-selection.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { rewriteSnapshots, type RewriteOptions } from '../../store/restic/rewrite/rewrite-snapshots.ts';
import type { RewriteRules } from '../../store/restic/rewrite/rewrite-tree.ts';
import { mayGoAhead } from '../ask-first.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withRepository } from '../open-repository.ts';
import { parseLocalTime } from '../parse-time.ts';
import { addExcludeOptions, excludePatterns, type ExcludeOptions } from '../pattern-options.ts';
import { reportRewritten } from '../rewritten-report.ts';
import { addFilterOptions, filterOf, type FilterOptions } from '../snapshot-options.ts';

interface Options extends GlobalOptions, FilterOptions, ExcludeOptions {
  readonly forget: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly newHost?: string;
  readonly newTime?: ZonedTime;
}

export const rewriteCommand: DefineCommand = (execute) =>
  addExcludeOptions(addFilterOptions(newCommand('rewrite', 'leave something out of snapshots after the fact')))
    .argument('[ids...]', 'only these snapshots: beginnings of ids, latest, latest~1')
    .option('--forget', 'remove the old snapshots once the new ones are there', false)
    .option('--new-host <name>', 'give the snapshots another host')
    .option('--new-time <time>', 'give the snapshots another time, e.g. "2026-01-31 03:00:00"', parseLocalTime)
    .option('-n, --dry-run', 'show what would be done and do nothing', false)
    .option('--yes', 'do it without being asked; needed with --forget where nobody can be asked', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep rewrite --exclude "/home/*/.cache"              new snapshots, tagged rewrite, beside the old ones',
        'mailkeep rewrite --exclude secret.txt --forget --yes     then prune',
        'mailkeep rewrite --new-host mx1 latest',
      ]),
    )
    .action((ids: readonly string[], options: Options) =>
      execute(options, (context) =>
        withRepository(context, (repository) =>
          repository.locked(
            options.forget ? 'exclusive' : 'shared',
            () => rewrite(repository, ids, options, context),
            context.run,
          ),
        ),
      ),
    );

const rulesOf = async (options: Options, run: Run): Promise<RewriteRules> => {
  const { exact, ignoringCase } = await excludePatterns(options, run);
  if (exact.length + ignoringCase.length === 0 && options.newHost === undefined && options.newTime === undefined) {
    throw new Fault('usage', 'rewrite needs to know what to change', {
      hint: 'Give --exclude, --new-host or --new-time.',
    });
  }
  const filters = [
    ...(exact.length > 0 ? [compileFilter(exact)] : []),
    ...(ignoringCase.length > 0 ? [compileFilter(ignoringCase, { ignoreCase: true })] : []),
  ];
  return {
    exact: true,
    keeps: ({ entry }, path) => filters.every((filter) => filter(path, entry.type === 'directory') !== 'excluded'),
    onUnreadable: (fault) => {
      throw fault;
    },
  };
};

const rewrite = async (
  repository: Repository,
  ids: readonly string[],
  options: Options,
  context: CommandContext,
): Promise<number> => {
  const { output, messages, run } = context;
  const { forget, json, newHost, newTime } = options;
  const all = (await repository.snapshots(run)).filter((snapshot) => !isNote(snapshot));
  const chosen = selectSnapshots(all, ids, filterOf(options, context));
  const metadata = {
    ...(newHost === undefined ? {} : { hostname: newHost }),
    ...(newTime === undefined ? {} : { time: newTime }),
  };
  const how: Omit<RewriteOptions, 'dryRun'> = { rules: await rulesOf(options, run), tag: 'rewrite', forget, metadata };
  if (options.dryRun || forget) {
    const plan = await rewriteSnapshots(repository, chosen, { ...how, dryRun: true }, run);
    if (options.dryRun || !json) reportRewritten(plan, { json, forget, dryRun: true }, context);
    if (options.dryRun) return exitCode.good;
    if (plan.some(({ outcome }) => outcome !== 'unchanged') && !(await mayGoAhead(options.yes, context))) {
      output.print(messages.nothingPruned());
      return exitCode.incomplete;
    }
  }
  const results = await rewriteSnapshots(repository, chosen, { ...how, dryRun: false }, run);
  reportRewritten(results, { json, forget, dryRun: false }, context);
  return exitCode.good;
};
