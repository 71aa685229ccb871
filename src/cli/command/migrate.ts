import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../model/fault.ts';
import { checkRepository } from '../../store/restic/check/check.ts';
import { upgradeConfig } from '../../store/restic/repair/upgrade-config.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { mayGoAhead } from '../ask-first.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { withRepository } from '../open-repository.ts';
import { saveBeside } from '../save-beside.ts';

interface Options extends GlobalOptions {
  readonly yes: boolean;
}

const upgrade = 'upgrade_repo_v2';

export const migrateCommand: DefineCommand = (execute) =>
  newCommand('migrate', 'bring a repository to a newer version of its format')
    .argument('[name]', `which migration; there is ${upgrade}`)
    .option('--yes', 'do it without being asked; needed where nobody can be asked', false)
    .addHelpText(
      'after',
      examples([
        `mailkeep migrate                         which migrations the repository could take`,
        `mailkeep migrate ${upgrade} --yes      then: mailkeep prune --repack-uncompressed`,
      ]),
    )
    .action((name: string | undefined, options: Options) =>
      execute(options, (context) =>
        withRepository(context, (repository) => migrate(repository, name, options, context)),
      ),
    );

const migrate = async (
  repository: Repository,
  name: string | undefined,
  options: Options,
  context: CommandContext,
): Promise<number> => {
  const { output, messages, run, environment } = context;
  if (name === undefined) {
    output.print(messages.migrations(repository.session.config.version === 1 ? upgrade : undefined));
    return exitCode.good;
  }
  if (name !== upgrade) throw new Fault('usage', `there is no migration “${name}”`, { hint: `There is ${upgrade}.` });
  return repository.locked(
    'exclusive',
    async () => {
      // What is damaged is mended first: the more so as only newer programs open it afterwards.
      const { damage } = await checkRepository(repository, { readData: { kind: 'none' }, random: () => 0 }, run);
      if (damage > 0) {
        throw new Fault('verification-failed', 'the repository is damaged, so it was not upgraded', {
          hint: 'Mend it first: see `mailkeep check`.',
        });
      }
      output.print(messages.upgradePlan());
      if (!(await mayGoAhead(options.yes, context))) {
        output.print(messages.nothingPruned());
        return exitCode.incomplete;
      }
      const folder = join(environment.dataDirectory, 'config-copies');
      const copy = join(folder, `config-${repository.id.slice(0, 16)}-${run.now()}`);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await upgradeConfig(repository, (sealed) => saveBeside(copy, sealed).then(() => copy), run);
      output.print(messages.upgraded(copy));
      return exitCode.good;
    },
    run,
  );
};
