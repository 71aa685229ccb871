import { InvalidArgumentError } from 'commander';
import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { heldFault, removalsOf, type RetentionPlan, type RetentionRules } from '../../model/retention.ts';
import { isEmptyPolicy } from '../../model/retention-policy.ts';
import type { GroupField } from '../../model/snapshot-selection.ts';
import type { SnapshotFile } from '../../store/restic/format/snapshot-format.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { refuseImmutable, removeSnapshots } from '../../store/restic/snapshots/remove-snapshots.ts';
import { confirm, isAttended } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { countedRun } from '../counted-run.ts';
import { collect, examples, newCommand, parseWait, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { type ForgetCommandOptions, type ForgetRequest, makeForgetPlan } from '../forget/forget-plan.ts';
import { addPolicyOptions, policyOf } from '../forget/policy-options.ts';
import { addPruneOptions, pruneOptionsOf } from '../prune/prune-options.ts';
import { runPrune } from '../prune/run-prune.ts';
import { withRepository } from '../open-repository.ts';
import { retentionJson } from '../render/retention-json.ts';
import { retentionLines } from '../render/retention-table.ts';
import { filterOf } from '../snapshot-options.ts';
import { parseGroupBy } from './snapshots.ts';

const thirtyDays = 30 * 86_400_000;

const parseSpan = (text: string): number => {
  const span = parseWait(text);
  if (span === 0) throw new InvalidArgumentError('It must be a time such as 30d.');
  return span;
};

export const forgetCommand: DefineCommand = (execute) =>
  addPruneOptions(addPolicyOptions(newCommand('forget', 'remove snapshots by a policy, or by their ids')))
    .argument('[ids...]', 'exactly these, whatever the policy: beginnings of ids, latest')
    .option('--verified-only', 'remove only what a newer snapshot covers that was read back', false)
    .option('--verified-within <time>', 'read back at most so long ago', parseSpan, thirtyDays)
    .option('--settled-for <time>', 'a snapshot that came less than so long ago lets no other go', parseSpan)
    .option('--any-evidence', 'believe whoever noted that something was read back', false)
    .option('-g, --group-by <fields>', 'apply the policy to each host, paths, tags (with commas)', parseGroupBy)
    .option('--host <name>', 'only snapshots of this host (may be repeated)', collect, [])
    .option('--tag <tag,...>', 'only snapshots with all these tags (may be repeated: or)', collect, [])
    .option('--path <path>', 'only snapshots of this path (repeated: of all these paths)', collect, [])
    .option('--unsafe-allow-remove-all', 'with a filter and no rule: remove all that match', false)
    .option('-c, --compact', 'no paths in the tables', false)
    .option('--prune', 'if snapshots were removed, prune as well', false)
    .option('-n, --dry-run', 'show the plan, remove nothing', false)
    .option('--yes', 'do not ask; needed where nobody can be asked', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep forget --keep-daily 30 --keep-weekly 12 --dry-run',
        'mailkeep forget --keep-within 7d --keep-monthly unlimited --yes     in a script',
        'mailkeep forget --keep-daily 30 --verified-only --yes               never without a newer one that was read back',
        'mailkeep forget --keep-daily 30 --prune --yes                       and give back the space',
        'mailkeep forget 1a2b3c4d',
      ]),
    )
    .action((ids: readonly string[], options: ForgetCommandOptions) =>
      execute(options, (context) => forget(ids, options, context)),
    );

/** What is wrong with the request is said before anything is opened: a script must fail on its first day. */
const refuseMistakes = (ids: readonly string[], options: ForgetCommandOptions, context: CommandContext): void => {
  const usage = (message: string, hint: string): Fault => new Fault('usage', message, { hint });
  if (!options.dryRun && !options.lock) {
    throw usage('snapshots are removed under a lock only', '--no-lock goes with --dry-run only.');
  }
  if (ids.length === 0 && isEmptyPolicy(policyOf(options)) && !options.unsafeAllowRemoveAll) {
    throw usage(
      'no rule says which snapshots to keep, so none is removed',
      'Say what stays, as in --keep-daily 30 --keep-weekly 12, or give the ids of the snapshots that are to go.',
    );
  }
  if (!options.dryRun && !options.yes && (options.json || !isAttended(context))) {
    throw usage(
      'nobody can be asked whether the snapshots may be removed',
      'In scripts say --yes (restic does not ask; otherwise its options are the same), or --dry-run to see which.',
    );
  }
  if (ids.length > 0) {
    if (!options.verifiedOnly) return;
    throw usage(
      '--verified-only goes with a policy, not with ids',
      'Snapshots that are named go whatever is known of them.',
    );
  }
  if (!options.verifiedOnly && (options.anyEvidence || options.settledFor !== undefined)) {
    throw usage('--any-evidence and --settled-for go with --verified-only', 'Add it, or leave them out.');
  }
  const { hosts, tags, paths } = filterOf(options, context);
  const unfiltered = hosts.length + tags.length + paths.length === 0;
  if (options.unsafeAllowRemoveAll && isEmptyPolicy(policyOf(options)) && unfiltered) {
    throw usage(
      '--unsafe-allow-remove-all would remove every snapshot there is',
      'Say which ones by --host, --tag or --path.',
    );
  }
};

const usualGroup: ReadonlySet<GroupField> = new Set(['host', 'paths'] as const);

const forget = (ids: readonly string[], options: ForgetCommandOptions, context: CommandContext): Promise<number> => {
  refuseMistakes(ids, options, context);
  const filter = filterOf(options, context);
  const rules: RetentionRules = {
    policy: policyOf(options),
    groupBy: options.groupBy ?? usualGroup,
    allowRemoveAll: options.unsafeAllowRemoveAll,
  };
  const request: ForgetRequest = { ids, filter, rules, options };
  return withRepository(context, async (repository) => {
    const { run, faults } = countedRun(context);
    if (!options.dryRun) refuseImmutable(repository, 'no snapshot is removed');
    const code = options.dryRun
      ? await repository.locked(
          options.prune && options.lock ? 'exclusive' : 'shared',
          () => showOnly(repository, request, context, run),
          run,
        )
      : options.yes
        ? await repository.locked('exclusive', () => showAndRemove(repository, request, context, run), run)
        : await showAndAsk(repository, request, context, run);
    return faults() > 0 && code === exitCode.good ? exitCode.incomplete : code;
  });
};

const showOnly = async (
  repository: Repository,
  request: ForgetRequest,
  context: CommandContext,
  run: Run,
): Promise<number> => {
  const plan = await makeForgetPlan(repository, request, run);
  show(plan, request, context);
  const { output, messages, options } = context;
  const without = new Set(removalsOf(plan).map(({ id }) => id));
  if (!options.json) output.print(messages.forgetDryRun(without.size));
  if (!request.options.prune || without.size === 0) return exitCode.good;
  const pruning = { ...pruneOptionsOf(request.options, repository.session.options.packSize), without };
  return runPrune(repository, pruning, { dryRun: true, yes: false }, context);
};

const showAndRemove = async (
  repository: Repository,
  request: ForgetRequest,
  context: CommandContext,
  run: Run,
): Promise<number> => {
  const plan = await makeForgetPlan(repository, request, run);
  show(plan, request, context);
  return remove(repository, removalsOf(plan), request, { run, context });
};

/** Backups must not wait while a person reads: the plan is made again when it is carried out, and what both say goes. */
const showAndAsk = async (
  repository: Repository,
  request: ForgetRequest,
  context: CommandContext,
  run: Run,
): Promise<number> => {
  const shown = await repository.locked(
    'shared',
    async () => {
      const plan = await makeForgetPlan(repository, request, run);
      show(plan, request, context);
      return new Set(removalsOf(plan).map(({ id }) => id));
    },
    run,
  );
  const { output, messages } = context;
  if (shown.size > 0 && !(await confirm(messages.askForget(shown.size, request.options.prune), context))) {
    output.print(messages.forgetDeclined());
    return exitCode.incomplete;
  }
  if (shown.size === 0) return remove(repository, [], request, { run, context });
  return repository.locked(
    'exclusive',
    async () => {
      const again = await makeForgetPlan(repository, stillThere(request, shown), run);
      const both = removalsOf(again).filter(({ id }) => shown.has(id));
      return remove(repository, both, request, { run, context });
    },
    run,
  );
};

/** `latest` may mean another one by now: what was shown is what goes. */
const stillThere = (request: ForgetRequest, shown: ReadonlySet<string>): ForgetRequest =>
  request.ids.length === 0 ? request : { ...request, ids: [...shown], filter: { hosts: [], tags: [], paths: [] } };

const show = (
  plan: RetentionPlan<SnapshotFile>,
  { options }: ForgetRequest,
  { output, messages }: Pick<CommandContext, 'output' | 'messages'>,
): void => {
  if (options.json) {
    if (plan.groups.length > 0) output.print(retentionJson(plan));
    return;
  }
  if (options.quiet) return;
  for (const group of plan.groups) {
    for (const line of retentionLines(group, options.compact, messages)) output.print(line);
  }
};

const remove = async (
  repository: Repository,
  snapshots: readonly SnapshotFile[],
  request: ForgetRequest,
  { run, context }: { readonly run: Run; readonly context: CommandContext },
): Promise<number> => {
  const { output, messages, options } = context;
  const say = (line: string): void => {
    if (!options.json && !options.quiet) output.print(line);
  };
  if (snapshots.length === 0) {
    say(messages.forgetNothing());
    return exitCode.good;
  }
  const ids = snapshots.map(({ id }) => id);
  const { removed, failed, held } = await removeSnapshots(repository, ids, run);
  for (const id of held) run.emit({ kind: 'fault', fault: heldFault({ id }, [], 'it is not removed') });
  output.update(undefined);
  say(messages.forgetDone(removed.length));
  if (failed.length + held.length > 0) {
    output.say(messages.forgetFailed(failed.length + held.length));
    return exitCode.incomplete;
  }
  if (!request.options.prune) {
    say(messages.forgetPruneHint());
    return exitCode.good;
  }
  const pruning = pruneOptionsOf(request.options, repository.session.options.packSize);
  return runPrune(repository, pruning, { dryRun: false, yes: true }, context);
};
