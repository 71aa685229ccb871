import { resolve } from 'node:path';
import { Fault } from '../../model/fault.ts';
import { listNames } from '../../store/restic/index/index-loader.ts';
import { repairPacks } from '../../store/restic/repair/repair-packs.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { mayGoAhead } from '../ask-first.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withRepository } from '../open-repository.ts';
import { saveBeside } from '../save-beside.ts';

interface Options extends GlobalOptions {
  readonly dryRun: boolean;
  readonly yes: boolean;
}

export const repairPacksCommand: DefineCommand = (execute) =>
  newCommand('packs', 'bring what is readable of damaged packs into new ones, and remove them')
    .argument('<ids...>', 'the damaged packs, as `check` names them')
    .option('-n, --dry-run', 'show what would be done and do nothing', false)
    .option('--yes', 'do it without being asked; needed where nobody can be asked', false)
    .addHelpText('after', examples(['mailkeep repair packs 4a5b6c7d      a copy is left here as pack-<id>']))
    .action((ids: readonly string[], options: Options) =>
      execute(options, (context) =>
        withRepository(context, (repository) =>
          repository.locked('exclusive', () => salvage(repository, ids, options, context), context.run),
        ),
      ),
    );

const wholeIds = (names: readonly string[], ids: readonly string[]): readonly string[] =>
  ids.map((id) => {
    const found = /^[0-9a-f]{1,64}$/.test(id) ? names.filter((name) => name.startsWith(id)) : [];
    const [only] = found;
    if (only !== undefined && found.length === 1) return only;
    throw new Fault('usage', found.length === 0 ? `there is no pack ${id}` : `${found.length} packs begin with ${id}`, {
      hint: '`mailkeep check --read-data` names the damaged ones.',
    });
  });

const salvage = async (
  repository: Repository,
  given: readonly string[],
  options: Options,
  context: CommandContext,
): Promise<number> => {
  const { output, messages, run } = context;
  const ids = [...new Set(wholeIds(await listNames(repository.session.backend, 'pack', run), given))];
  if (!options.json) for (const id of ids) output.print(messages.packPlan(id));
  if (options.dryRun) return exitCode.good;
  if (!(await mayGoAhead(options.yes, context))) {
    output.print(messages.nothingPruned());
    return exitCode.incomplete;
  }
  const packs = await repairPacks(repository, ids, ({ id, bytes }) => saveBeside(resolve(`pack-${id}`), bytes), run);
  if (options.json) {
    const list = packs.map(({ id, readable, lost }) => ({ id, blobs_saved: readable, blobs_lost: lost }));
    output.print(JSON.stringify({ message_type: 'summary', packs: list }));
  } else for (const { id, readable, lost } of packs) output.print(messages.packMended(id.slice(0, 8), readable, lost));
  return packs.some(({ lost }) => lost > 0) ? exitCode.incomplete : exitCode.good;
};
