import { Command, Help, InvalidArgumentError, Option } from 'commander';
import { parseBytes } from '../model/size.ts';
import type { CommandContext, GlobalOptions } from './context.ts';
import { collectOption, parseRate } from './storage-options.ts';

/** What the main program does with an action: it makes the context, catches faults, and sets the exit code. */
export type Execute = (options: GlobalOptions, action: (context: CommandContext) => Promise<number>) => Promise<void>;

/** A command's own file exports one of these. */
export type DefineCommand = (execute: Execute) => Command;

export const parseSize = (text: string): number => {
  const size = parseBytes(text);
  if (size === undefined) throw new InvalidArgumentError('It must be a size such as 16M or 1.5G.');
  return size;
};

/** `30m`, `2h`, `90s`, `1d` or seconds, in milliseconds. */
export const parseWait = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
  const unit = match?.[2];
  if (match === null) throw new InvalidArgumentError('It must be a time such as 30s, 5m or 1h.');
  const scale = unit === 'ms' || unit === 's' || unit === 'm' || unit === 'h' || unit === 'd' ? units[unit] : units.s;
  return Number(match[1]) * scale;
};

/** Collects an option that may be given more than once. */
export const collect = (value: string, earlier: readonly string[] | undefined): readonly string[] => [
  ...(earlier ?? []),
  value,
];

export const examples = (lines: readonly string[]): string =>
  ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n');

/** Options that every command takes. */
export const addGlobalOptions = (command: Command): Command =>
  command
    .option(
      '-r, --repo <location>',
      'the repository, or its name in the configuration (default: MAILKEEP_REPOSITORY, RESTIC_REPOSITORY, the one of the configuration, or the built-in one)',
    )
    .option('--config <file>', 'the configuration (default: MAILKEEP_CONFIG, or mailkeep.yaml in its usual places)')
    .option('--repository-file <file>', 'file that names the repository')
    .option('-p, --password-file <file>', 'file that holds the password')
    .option('--password-command <command>', 'command that prints the password')
    .option('--key-hint <id>', 'beginning of the id of the key to try first')
    .option('--cache-dir <folder>', 'where to keep caches')
    .option('--no-cache', 'keep no local cache')
    .option('--no-lock', 'take no lock (for read-only media)')
    .option('--retry-lock <time>', 'wait that long for a locked repository, e.g. 5m', parseWait, 0)
    .addOption(new Option('--compression <mode>', 'how to compress new data').choices(['auto', 'off', 'max']))
    .option('--pack-size <size>', 'size of new packs, 4M to 128M', parseSize)
    .option('-o, --option <key=value>', 'option of the storage, e.g. s3.region=eu-central-1', collectOption)
    .option('--cacert <file>', 'certificates to trust, in PEM, instead of the system’s (default: RESTIC_CACERT)')
    .option('--tls-client-cert <file>', 'certificate and key of our own, in PEM (default: RESTIC_TLS_CLIENT_CERT)')
    .option('--insecure-tls', 'trust any certificate of the storage (not for daily use)', false)
    .option('--limit-upload <rate>', 'KiB a second, on average (default: no limit)', parseRate)
    .option('--limit-download <rate>', 'KiB a second, on average (default: no limit)', parseRate)
    .option('--stuck-request-timeout <time>', 'how long the storage may be silent (default: 5m)', parseWait)
    .option('--no-mail-aware', 'cut files exactly where restic does, not at the parts of messages')
    .option('--json', 'print results as JSON', false)
    .option('-q, --quiet', 'print results only, no progress', false)
    .option('-v, --verbose', 'tell more; twice: every file', (_value, earlier: number) => earlier + 1, 0);

/** That something is off, empty or 0 when nobody asks for it goes without saying. */
const describeOption = (option: Option): string => {
  const defaultValue: unknown = option.defaultValue;
  const silent = defaultValue === false || defaultValue === 0 || typeof defaultValue === 'object';
  return silent ? option.description : new Help().optionDescription(option);
};

/** A command with the options that all have. */
export const newCommand = (name: string, summary: string): Command =>
  addGlobalOptions(new Command(name))
    .summary(summary)
    .description(summary)
    .configureHelp({ optionDescription: describeOption })
    .showHelpAfterError('(try --help)');
