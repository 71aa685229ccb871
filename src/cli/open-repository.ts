import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { defaultRepository, ensurePasswordFile } from '../config/default-repository.ts';
import type { PasswordSource } from '../config/environment.ts';
import { readPassword } from '../config/password.ts';
import { Fault } from '../model/fault.ts';
import { cacheIn } from '../registry.ts';
import type { OpenOptions } from '../store/restic/open-repository.ts';
import type { Repository } from '../store/restic/repository.ts';
import { processIdentity } from '../system/identity.ts';
import { configuredRepository } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { type ConfiguredEvidence, evidenceTrust } from './evidence-trust.ts';
import { type ConfiguredStorage, openBackend } from './open-backend.ts';
import { programVersion } from './version.ts';

/** Which repository a command is about, and what opens it. */
export interface RepositoryAccess {
  readonly location: string;
  readonly password: PasswordSource | undefined;
  /** The built-in one, made on first use. */
  readonly isDefault: boolean;
  /** What the configuration says of its storage. */
  readonly storage?: ConfiguredStorage;
  /** Whose evidence it says is believed. */
  readonly evidence?: ConfiguredEvidence;
}

const locationFromFile = async (path: string): Promise<string> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new Fault('configuration', `the file ${path} that names the repository cannot be read`, { cause: error });
  }
};

/** From the options, then the environment, then the configuration, then the built-in repository. */
export const repositoryAccess = async (context: CommandContext): Promise<RepositoryAccess> => {
  const { options, environment } = context;
  const file = options.repositoryFile ?? (options.repo === undefined ? environment.repositoryFile : undefined);
  const named = options.repo ?? (file === undefined ? environment.repository : await locationFromFile(file));
  const onCommandLine: PasswordSource | undefined =
    options.passwordFile !== undefined
      ? { kind: 'file', path: options.passwordFile }
      : options.passwordCommand !== undefined
        ? { kind: 'command', command: options.passwordCommand }
        : undefined;
  const configured = await configuredRepository(named, context);
  if (configured !== undefined) {
    const { location, password, storage, evidence } = configured;
    return {
      location,
      password: onCommandLine ?? password ?? environment.password,
      isDefault: false,
      storage,
      evidence,
    };
  }
  const password = onCommandLine ?? environment.password;
  if (named !== undefined) return { location: named, password, isDefault: false };
  const builtIn = defaultRepository(environment);
  return {
    location: builtIn.location,
    password: password ?? { kind: 'file', path: builtIn.passwordFile },
    isDefault: true,
  };
};

const mebibyte = 1_048_576;

const caching = async (cacheDirectory: string): Promise<Pick<OpenOptions, 'cacheDirectory' | 'caching'>> => ({
  cacheDirectory,
  caching: await cacheIn(cacheDirectory),
});

/** What opening or making a repository needs. A missing password is asked for on a terminal. */
export const openOptions = async (
  context: CommandContext,
  password: string,
  evidence?: ConfiguredEvidence,
): Promise<OpenOptions> => {
  const { environment, options } = context;
  const keyHint = options.keyHint ?? environment.keyHint;
  return {
    password,
    identity: processIdentity(),
    compression: options.compression ?? environment.compression ?? 'auto',
    packSize: options.packSize ?? environment.packSize ?? 16 * mebibyte,
    threads: Math.max(1, Math.min(8, availableParallelism())),
    mailAware: options.mailAware,
    lockWait: options.retryLock,
    noLock: !options.lock,
    evidence: evidenceTrust(evidence, context),
    programVersion: `mailkeep ${await programVersion()}`,
    ...(options.cache ? await caching(options.cacheDir ?? environment.cacheDirectory) : {}),
    ...(keyHint === undefined ? {} : { keyHint }),
  };
};

/** `sources` tells where the password may come from when nobody can be asked. */
export const passwordOf = async (
  access: RepositoryAccess,
  context: CommandContext,
  sources?: string,
): Promise<string> => {
  if (access.password !== undefined) return readPassword(access.password, context.run.signal);
  const { promptPassword } = await import('./prompt-password.ts');
  return promptPassword(access.location, context, sources);
};

/**
 * Makes the built-in repository when it is not there yet, and tells the person once what to keep. Returns its id;
 * undefined when it is there, or another one is meant.
 */
export const ensureDefault = async (access: RepositoryAccess, context: CommandContext): Promise<string | undefined> => {
  const { environment, output, messages, run } = context;
  const builtIn = defaultRepository(environment);
  if (!access.isDefault || builtIn.exists) return undefined;
  const file = access.password?.kind === 'file' ? access.password.path : undefined;
  if (file === builtIn.passwordFile) await ensurePasswordFile(file, environment.configDirectory);
  const options = await openOptions(context, await passwordOf(access, context));
  const { initRepository } = await import('../store/restic/init-repository.ts');
  const backend = await openBackend(access, context);
  const id = await initRepository(backend, { ...options, generatedPassword: file === builtIn.passwordFile }, run);
  output.say(messages.firstRepository(access.location));
  if (file === builtIn.passwordFile) {
    output.say(messages.firstPassword(file));
    output.say(messages.keepPassword());
  }
  output.say('');
  return id;
};

const noneYet = (location: string): Fault =>
  new Fault('repository-missing', `no repository is named, and the built-in one at ${location} is not made yet`, {
    hint: '`mailkeep backup FOLDER` makes it on first use; --repo or MAILKEEP_REPOSITORY names another.',
    context: { location },
  });

/**
 * Runs a command's work on its repository and closes it on every way out. Only `creating` commands (backup) make the
 * built-in repository on first use.
 */
export const withRepository = async <Result>(
  context: CommandContext,
  work: (repository: Repository) => Promise<Result>,
  creating = false,
): Promise<Result> => {
  const access = await repositoryAccess(context);
  if (creating) await ensureDefault(access, context);
  if (access.isDefault && !defaultRepository(context.environment).exists) throw noneYet(access.location);
  const [{ assertRepository, openRepository }, backend] = await Promise.all([
    import('../store/restic/open-repository.ts'),
    openBackend(access, context),
  ]);
  // Nobody should be asked for the password of a repository that is not there.
  if (access.password === undefined) await assertRepository(backend, context.run);
  const password = await passwordOf(access, context);
  const repository = await openRepository(backend, await openOptions(context, password, access.evidence), context.run);
  try {
    return await work(repository);
  } finally {
    await repository.close();
  }
};
