import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { PasswordSource } from '../../config/environment.ts';
import { Fault } from '../../model/fault.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { configuredRepository } from '../configuration.ts';
import type { CommandContext } from '../context.ts';
import { openOptions, passwordOf } from '../open-repository.ts';
import { openBackend } from '../open-backend.ts';

/** restic's options for the repository that snapshots are copied from. */
export interface FromOptions {
  readonly fromRepo?: string;
  readonly fromRepositoryFile?: string;
  readonly fromPasswordFile?: string;
  readonly fromPasswordCommand?: string;
  readonly fromKeyHint?: string;
}

export const addFromOptions = (command: Command): Command =>
  command
    .option(
      '--from-repo <location>',
      'the repository to copy from, or its name in the configuration (default: RESTIC_FROM_REPOSITORY)',
    )
    .option('--from-repository-file <file>', 'file that names it')
    .option('--from-password-file <file>', 'file that holds its password')
    .option('--from-password-command <command>', 'command that prints its password')
    .option('--from-key-hint <id>', 'beginning of the id of its key to try first');

const locationOf = async (options: FromOptions, { environment }: CommandContext): Promise<string> => {
  const { from } = environment;
  const file = options.fromRepositoryFile ?? (options.fromRepo === undefined ? from.repositoryFile : undefined);
  const location = options.fromRepo ?? (file === undefined ? from.repository : await firstLine(file));
  if (location !== undefined) return location;
  throw new Fault('usage', 'copy needs to know which repository to copy from', {
    hint: 'Give --from-repo, or set RESTIC_FROM_REPOSITORY.',
  });
};

const firstLine = async (path: string): Promise<string> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new Fault('configuration', `the file ${path} that names the repository cannot be read`, { cause: error });
  }
};

const passwordOption = (options: FromOptions): PasswordSource | undefined => {
  if (options.fromPasswordFile !== undefined) return { kind: 'file', path: options.fromPasswordFile };
  if (options.fromPasswordCommand !== undefined) return { kind: 'command', command: options.fromPasswordCommand };
  return undefined;
};

const sources = 'Use --from-password-file, --from-password-command, or RESTIC_FROM_PASSWORD_FILE.';

/** Opens the repository to copy from, and closes it on every way out. */
export const withFromRepository = async <Result>(
  context: CommandContext,
  options: FromOptions,
  work: (repository: Repository) => Promise<Result>,
): Promise<Result> => {
  const named = await locationOf(options, context);
  const configured = await configuredRepository(named, context);
  const location = configured?.location ?? named;
  const password = passwordOption(options) ?? configured?.password ?? context.environment.from.password;
  const access = { location, password, isDefault: false };
  const [{ openRepository }, backend] = await Promise.all([
    import('../../store/restic/open-repository.ts'),
    openBackend({ location, storage: configured?.storage }, context),
  ]);
  const secret = await passwordOf(access, context, sources);
  const { keyHint: _ofTheOther, ...settings } = await openOptions(context, secret);
  const keyHint = options.fromKeyHint ?? context.environment.from.keyHint;
  const repository = await openRepository(
    backend,
    { ...settings, ...(keyHint === undefined ? {} : { keyHint }) },
    context.run,
  );
  try {
    return await work(repository);
  } finally {
    await repository.close();
  }
};
