import { Fault } from '../../model/fault.ts';
import { parseTagList } from '../../model/retention-policy.ts';
import { selectSnapshots } from '../../model/snapshot-selection.ts';
import { changeTags, type TagChange } from '../../store/restic/snapshots/change-tags.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { countedRun } from '../counted-run.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withRepository } from '../open-repository.ts';
import { addFilterOptions, filterOf, type FilterOptions } from '../snapshot-options.ts';

interface TagOptions extends GlobalOptions, FilterOptions {
  readonly add: readonly string[];
  readonly remove: readonly string[];
  /** Absent: not given. `--set ''` takes all tags away. */
  readonly set?: readonly string[];
}

const collectTags = (text: string, earlier: readonly string[] | undefined): readonly string[] => [
  ...(earlier ?? []),
  ...parseTagList(text).filter((tag) => tag !== ''),
];

export const tagCommand: DefineCommand = (execute) =>
  addFilterOptions(newCommand('tag', 'change the tags of snapshots'))
    .argument('[ids...]', 'only these: beginnings of ids, latest, latest~1')
    .option('--add <tag,...>', 'tags to add (may be repeated)', collectTags, [])
    .option('--remove <tag,...>', 'tags to take away (may be repeated)', collectTags, [])
    .option('--set <tag,...>', 'these tags and no others (may be repeated; empty: none)', collectTags)
    .addHelpText(
      'after',
      examples([
        'mailkeep tag --add before-migration latest',
        'mailkeep tag --add mailkeep:hold 1a2b3c4d        it leaves by no policy until the tag is removed',
        'mailkeep tag --host mx1 --set nightly',
      ]),
    )
    .action((ids: readonly string[], options: TagOptions) =>
      execute(options, (context) => changeAll(ids, options, context)),
    );

const changeOf = ({ add, remove, set }: TagOptions): TagChange => {
  if (set === undefined && add.length + remove.length === 0) {
    throw new Fault('usage', 'no change of tags was asked for', { hint: 'Give --add, --remove or --set.' });
  }
  if (set === undefined) return { kind: 'edit', add, remove };
  if (add.length + remove.length === 0) return { kind: 'set', tags: set };
  throw new Fault('usage', '--set gives all tags, so there is nothing to add or remove', {
    hint: 'Give either --set, or --add and --remove.',
  });
};

const changeAll = (ids: readonly string[], options: TagOptions, context: CommandContext): Promise<number> => {
  const change = changeOf(options);
  const { output, messages } = context;
  return withRepository(context, async (repository) => {
    const { run, faults } = countedRun(context);
    const { changed, failed } = await changeTags(
      repository,
      change,
      async () => selectSnapshots(await repository.snapshots(run), ids, filterOf(options, context)),
      run,
    );
    if (options.json) {
      for (const { from, to } of changed) {
        const record = { message_type: 'changed', old_snapshot_id: from.id, new_snapshot_id: to.id };
        output.print(JSON.stringify(record));
      }
      output.print(JSON.stringify({ message_type: 'summary', changed_snapshots: changed.length }));
    } else {
      if (options.verbose > 0) {
        for (const { from, to } of changed) output.print(messages.tagChanged(from.id.slice(0, 8), to.id.slice(0, 8)));
      }
      if (!options.quiet) {
        output.print(changed.length === 0 ? messages.tagsUnchanged() : messages.tagsChanged(changed.length));
      }
    }
    return failed + faults() > 0 ? exitCode.incomplete : exitCode.good;
  });
};
