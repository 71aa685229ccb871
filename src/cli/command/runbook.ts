import { dirname, resolve } from 'node:path';
import { Option } from 'commander';
import type { DatedBackup } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import type { ServerBackup } from '../../contract/server-backup.ts';
import { asFault } from '../../model/fault.ts';
import { parseDatedPlace } from '../../model/dated-name.ts';
import type { RunbookFormat } from '../../operation/server/runbook/runbook-forms.ts';
import type { BackupSite } from '../../operation/server/runbook/runbook-facts.ts';
import { backupsBelow } from '../../registry/server.ts';
import { writeDurably } from '../../system/durable-file.ts';
import { openConfiguration } from '../configuration.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { repositoryAccess } from '../open-repository.ts';
import { repositoryContext, withServerBackup } from '../restore/open-server-backup.ts';
import { locationName } from '../run/location-name.ts';
import { diskUnder, type DrawnBackup, runbookOf } from '../runbook/draw-backup.ts';
import type { ServerJob } from '../server/server-job.ts';

interface RunbookOptions extends GlobalOptions {
  readonly from: string;
  readonly language?: 'en' | 'ja';
  readonly output?: string;
  readonly format?: RunbookFormat;
}

export const runbookCommand: DefineCommand = (execute) =>
  newCommand('runbook', 'how a server is brought back from its backup on bare metal, step by step')
    .argument('[server]', 'its name in the configuration, where there are several')
    .option(
      '--from <backup>',
      'latest, a date, weekly/2025-week-45, the path of a backup folder, or repository:SNAPSHOT',
      'latest',
    )
    .addOption(new Option('--language <language>', 'in which language').choices(['en', 'ja']))
    .addOption(
      new Option('--format <format>', 'in what form (default: by the name of the file, else text)').choices([
        'markdown',
        'text',
        'html',
      ]),
    )
    .option('--output <file>', 'into a file, for its owner only, instead of the screen')
    .addHelpText(
      'after',
      examples([
        'mailkeep runbook                                            of the newest good backup',
        'mailkeep runbook --from /mnt/backup-hdd/mailserver/latest   on a machine that has nothing but the disk',
        'mailkeep runbook mailserver --from repository               out of the repository, by restic where Mailkeep is not there',
        'mailkeep runbook --language ja --output recovery.html       to print it, and keep it where the server is not',
      ]),
    )
    .action((server: string | undefined, options: RunbookOptions) =>
      execute(options, (context) => printRunbook(server, options, context)),
    );

const formatOf = ({ format, output }: RunbookOptions): RunbookFormat => {
  if (format !== undefined) return format;
  if (output?.endsWith('.html') === true) return 'html';
  return output?.endsWith('.md') === true ? 'markdown' : 'text';
};

const printRunbook = async (
  server: string | undefined,
  options: RunbookOptions,
  context: CommandContext,
): Promise<number> => {
  const { run, output, environment, messages } = context;
  const config = (await openConfiguration(context))?.config;
  const language = options.language ?? environment.chosenLanguage ?? config?.language ?? environment.language;
  const wish = { language, format: formatOf(options), timeZone: config?.timeZone };
  await withServerBackup(
    { from: options.from, server },
    async ({ backup, name, job }) => {
      const drawn: DrawnBackup = { server: name, backup, ...(await siteOf(backup, job, context)) };
      const text = await runbookOf(drawn, wish, run);
      if (options.json)
        output.print(JSON.stringify({ message_type: 'runbook', server: name, format: wish.format, text }));
      else if (options.output === undefined) output.print(text.trimEnd());
      if (options.output === undefined) return;
      const file = resolve(options.output);
      await writeDurably(file, text);
      if (!options.json) output.say(messages.runbookWritten(file));
    },
    context,
  );
  return exitCode.good;
};

/** As it is typed on another machine: whole, and without a password. */
const shownLocation = (location: string): string =>
  /^[a-z0-9]+:/i.test(location) ? locationName(location) : resolve(location);

/** Where the backup lies, and what else lies there. */
const siteOf = async (
  { kind, description, name }: ServerBackup,
  job: ServerJob | undefined,
  context: CommandContext,
): Promise<{ readonly where: BackupSite; readonly backups: readonly DatedBackup[] }> => {
  if (kind === 'repository') {
    const { location } = await repositoryAccess(repositoryContext(job, context));
    return { where: { kind: 'repository', location: shownLocation(location), snapshot: name }, backups: [] };
  }
  const where = { kind: 'disk', folder: description, disk: await diskUnder(description, context.run) } as const;
  const isAmongOthers = parseDatedPlace(name) !== undefined;
  return { where, backups: isAmongOthers ? await backupsAround(description, context.run) : [] };
};

/** By them times are known; without them the runbook says less. */
const backupsAround = async (folder: string, run: Run): Promise<readonly DatedBackup[]> => {
  try {
    return await backupsBelow(dirname(dirname(folder)), run);
  } catch (error) {
    run.emit({ kind: 'notice', message: asFault(error).message });
    return [];
  }
};
