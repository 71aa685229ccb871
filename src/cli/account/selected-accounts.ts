import { Fault } from '../../model/fault.ts';
import type { ImapAccount } from '../../protocol/imap/config.ts';
import { accountsOf } from '../../registry.ts';
import { accountNamed, accountParts } from './named-account.ts';
import { needConfiguration } from '../configuration.ts';
import type { CommandContext } from '../context.ts';

/**
 * The accounts of these names: an entry of the configuration, or `ENTRY/USER` where it stands for many. Without names, all.
 * Faults: `usage` for a name that is none, `configuration` when there are no accounts.
 */
export const selectedAccounts = async (
  names: readonly string[],
  context: CommandContext,
): Promise<readonly ImapAccount[]> => {
  const loaded = await needConfiguration(context);
  const entries = Object.keys(loaded.config.accounts);
  if (entries.length === 0) {
    throw new Fault('configuration', `there are no accounts in ${loaded.file}`, {
      hint: '`mailkeep init` asks a few questions and adds one; docs/accounts.md tells of all settings.',
    });
  }
  const wanted = names.length === 0 ? entries : names;
  const accounts: ImapAccount[] = [];
  for (const name of wanted) {
    const [entry = '', ...user] = name.split('/');
    const all = await accountsOf(entry, accountNamed(loaded, entry), accountParts(context), context.run);
    const found = user.length === 0 ? all : all.filter((account) => account.name === name);
    if (found.length === 0) {
      throw new Fault('usage', `the account ${name} is none of those that ${entry} stands for`, {
        hint: `There are ${all.length} of them; \`mailkeep status ${entry}\` lists them.`,
      });
    }
    accounts.push(...found);
  }
  return [...new Map(accounts.map((account) => [account.name, account])).values()];
};

/** The command's context with the repository that an account goes to, unless the command line names another. */
export const contextOfAccount = ({ repository }: ImapAccount, context: CommandContext): CommandContext => {
  const { repo, repositoryFile } = context.options;
  if (repository === undefined || repo !== undefined || repositoryFile !== undefined) return context;
  return { ...context, options: { ...context.options, repo: repository } };
};

/** Accounts by the repository that they go to, each group in the order of the configuration. */
export const byRepository = (accounts: readonly ImapAccount[]): readonly (readonly ImapAccount[])[] =>
  Object.values(Object.groupBy(accounts, ({ repository }) => repository ?? '')).map((group) => group ?? []);
