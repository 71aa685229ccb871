import { defaultRepository } from '../../config/default-repository.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { Fault } from '../../model/fault.ts';
import { accountsOf, type Config } from '../../registry.ts';
import { accountParts } from '../account/named-account.ts';
import { openConfiguration } from '../configuration.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { checkMachine } from '../doctor/check-machine.ts';
import { checkRepository, type CheckedRepository } from '../doctor/check-repository.ts';
import { asTold, failed, type Tell } from '../doctor/finding.ts';
import { serverNamed } from '../server/server-job.ts';

export const doctorCommand: DefineCommand = (execute) =>
  newCommand('doctor', 'try everything that a backup needs, and say what to do')
    .argument('[name]', 'an account, a server or a repository of the configuration; all of them by default')
    .addHelpText(
      'after',
      examples([
        'mailkeep doctor                 everything',
        'mailkeep doctor fastmail        one account',
        'mailkeep doctor --json          a line of JSON for each thing that was tried',
      ]),
    )
    .action((name: string | undefined, options: GlobalOptions) =>
      execute(options, (context) => examine(name, context)),
    );

const examine = async (name: string | undefined, context: CommandContext): Promise<number> => {
  const counts = { ok: 0, warning: 0, failed: 0 };
  const tell: Tell = (finding) => {
    counts[finding.state]++;
    asTold(finding, context);
  };
  const loaded = await configuration(context, tell);
  if (loaded !== 'broken') {
    if (name === undefined) await checkMachine(context, tell);
    const { accounts, servers, repositories } = wanted(name, loaded, context);
    for (const account of accounts) await checkEntry(account, loaded, context, tell);
    for (const server of servers) await checkOne(server, loaded, context, tell);
    for (const repository of repositories) await checkRepository(repository, context, tell);
  }
  const { output, messages, options } = context;
  if (options.json) output.print(JSON.stringify({ message_type: 'summary', ...counts }));
  else output.print(messages.doctorSummary(counts.ok, counts.warning, counts.failed));
  if (loaded === 'broken') return exitCode.fatal;
  return counts.failed > 0 ? exitCode.incomplete : exitCode.good;
};

type Loaded = LoadedConfig<Config> | undefined;

const configuration = async (context: CommandContext, tell: Tell): Promise<Loaded | 'broken'> => {
  const { messages } = context;
  try {
    const loaded = await openConfiguration(context);
    const message = loaded === undefined ? messages.doctorNoConfig() : messages.doctorConfig(loaded.file);
    tell({ state: 'ok', subject: '', check: 'config', message });
    return loaded;
  } catch (error) {
    tell(failed('', 'config', error));
    return 'broken';
  }
};

interface Wanted {
  readonly accounts: readonly string[];
  readonly servers: readonly string[];
  readonly repositories: readonly CheckedRepository[];
}

const wanted = (name: string | undefined, loaded: Loaded, context: CommandContext): Wanted => {
  const { accounts = {}, servers = {}, repositories = {} } = loaded?.config ?? {};
  const configured = Object.entries(repositories).map(([repository, { location }]) => ({
    name: repository,
    named: repository,
    folder: location.startsWith('/') ? location : undefined,
  }));
  if (name === undefined) {
    const hasOwn = configured.length > 0 || Object.keys(servers).length > 0;
    return {
      accounts: Object.keys(accounts),
      servers: Object.keys(servers),
      repositories: hasOwn ? configured : usual(context),
    };
  }
  const found = {
    accounts: Object.keys(accounts).filter((account) => account === name),
    servers: Object.keys(servers).filter((server) => server === name),
    repositories: configured.filter((repository) => repository.name === name),
  };
  if (found.accounts.length + found.servers.length + found.repositories.length > 0) return found;
  const known = [...Object.keys(accounts), ...Object.keys(servers), ...Object.keys(repositories)];
  throw new Fault('usage', `the configuration has no account, server or repository ${name}`, {
    hint: known.length === 0 ? 'It has none at all; `mailkeep init` sets one up.' : `There are: ${known.join(', ')}.`,
  });
};

/** Without a configuration: the repository that is named or built in, if there is one. */
const usual = ({ options, environment }: CommandContext): readonly CheckedRepository[] => {
  const named = options.repo ?? environment.repository;
  const builtIn = defaultRepository(environment);
  if (named === undefined && environment.repositoryFile === undefined && !builtIn.exists) return [];
  const location = named ?? (environment.repositoryFile === undefined ? builtIn.location : undefined);
  const folder = location?.startsWith('/') === true ? location : undefined;
  return [{ name: location ?? '', named: options.repo, folder }];
};

const checkOne = async (name: string, loaded: Loaded, context: CommandContext, tell: Tell): Promise<void> => {
  if (loaded === undefined) return;
  const { checkServer } = await import('../doctor/check-server.ts');
  await checkServer(serverNamed(loaded, name), context, tell);
};

const checkEntry = async (name: string, loaded: Loaded, context: CommandContext, tell: Tell): Promise<void> => {
  const entry = loaded?.config.accounts[name];
  if (entry === undefined) return;
  try {
    const accounts = await accountsOf(name, entry, accountParts(context), context.run);
    if (entry.users !== undefined) {
      const message = context.messages.doctorUsers(accounts.length);
      tell({ state: accounts.length === 0 ? 'failed' : 'ok', subject: name, check: 'users', message });
    }
    const { checkAccount } = await import('../doctor/check-account.ts');
    for (const account of accounts) await checkAccount(account, context, tell);
  } catch (error) {
    tell(failed(name, 'users', error));
  }
};
