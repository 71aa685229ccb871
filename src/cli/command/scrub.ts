import { InvalidArgumentError } from 'commander';
import { Fault } from '../../model/fault.ts';
import type { ScrubAmount } from '../../model/scrub-slices.ts';
import { needConfiguration } from '../configuration.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, parseWait, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { parseAge } from '../parse-age.ts';
import { scrubServer } from '../scrub/scrub-server.ts';
import { serverNamed, serversNamed } from '../server/server-job.ts';

interface ScrubOptions extends GlobalOptions {
  /** 0 to 1. */
  readonly share?: number;
  /** Milliseconds. */
  readonly within?: number;
  readonly all: boolean;
  readonly repair: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly diskOnly: boolean;
  readonly wait?: number;
}

/** `1/30`, `5%`. */
export const parseShare = (text: string): number => {
  const [, part, parts] = /^(\d{1,3})\/(\d{1,3})$/.exec(text) ?? [];
  const [, percent] = /^(\d{1,3}(?:\.\d{1,3})?)%$/.exec(text) ?? [];
  const share = percent === undefined ? Number(part) / Number(parts) : Number(percent) / 100;
  if (share > 0 && share <= 1) return share;
  throw new InvalidArgumentError('It must be a share such as 1/30 or 5%.');
};

const parseWithin = (text: string): number => {
  const time = Number(parseAge(text) / 1_000_000n);
  if (time >= 86_400_000) return time;
  throw new InvalidArgumentError('It must be a day or more, such as 30d.');
};

export const scrubCommand: DefineCommand = (execute) =>
  newCommand('scrub', 'read some of the dated disk and of the repository of a server again, and mend what went bad')
    .argument('[server]', 'a server of the configuration; all of them by default')
    .option('--share <share>', 'read so much, what has waited longest: 1/30, 5%', parseShare)
    .option(
      '--within <time>',
      'read what is due when all is to be read within this time (default: verifyWithin)',
      parseWithin,
    )
    .option('--all', 'read all of it', false)
    .option('--repair', 'mend files that went bad and have a good copy, after a plan', false)
    .option('-n, --dry-run', 'with --repair: show what would be mended, and mend nothing', false)
    .option('--yes', 'with --repair: mend without being asked; needed where nobody can be asked', false)
    .option('--disk-only', 'leave the repository alone', false)
    .option('--wait <time>', 'how long to wait for a run that is under way, e.g. 30m (default: not at all)', parseWait)
    .addHelpText(
      'after',
      examples([
        'mailkeep scrub                      what is due on the disks of all servers',
        'mailkeep scrub mailserver --all     every file that any day has, each once',
        'mailkeep scrub mailserver --repair --dry-run   what went bad, and what could be done',
        'mailkeep scrub mailserver --share 1/30 --repair --yes   from a script',
      ]),
    )
    .action((name: string | undefined, options: ScrubOptions) =>
      execute(options, (context) => scrubAll(name, options, context)),
    );

const amountOf = ({ share, within, all }: ScrubOptions): ScrubAmount | undefined => {
  const given = [share, within, all ? true : undefined].filter((one) => one !== undefined);
  if (given.length > 1) throw new Fault('usage', '--share, --within and --all exclude one another');
  if (all) return { kind: 'all' };
  if (share !== undefined) return { kind: 'share', share };
  return within === undefined ? undefined : { kind: 'within', within };
};

const scrubAll = async (name: string | undefined, options: ScrubOptions, context: CommandContext): Promise<number> => {
  const amount = amountOf(options);
  const { repair, dryRun, yes, diskOnly, wait = 0 } = options;
  if ((dryRun || yes) && !repair) throw new Fault('usage', '--dry-run and --yes go with --repair');
  const loaded = await needConfiguration(context);
  const servers = name === undefined ? serversNamed(loaded, undefined) : [serverNamed(loaded, name)];
  if (servers.length === 0) throw new Fault('usage', context.messages.scrubNoServer());
  let isWell = true;
  for (const server of servers) {
    const wish = { amount, repair, dryRun, yes, diskOnly, wait };
    isWell = (await scrubServer(server, wish, context)) && isWell;
  }
  return isWell ? exitCode.good : exitCode.incomplete;
};
