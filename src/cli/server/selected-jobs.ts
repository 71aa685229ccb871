import type { LoadedConfig } from '../../config/load-config.ts';
import type { ImapAccount } from '../../protocol/imap/config.ts';
import type { Config } from '../../registry.ts';
import { selectedAccounts } from '../account/selected-accounts.ts';
import type { CommandContext } from '../context.ts';
import { isServer, type ServerJob, serversNamed } from './server-job.ts';

export interface SelectedJobs {
  readonly accounts: readonly ImapAccount[];
  readonly servers: readonly ServerJob[];
}

/** The accounts and servers of these names; without names, all. Faults as `selectedAccounts`. */
export const selectedJobs = async (
  names: readonly string[],
  loaded: LoadedConfig<Config>,
  context: CommandContext,
): Promise<SelectedJobs> => {
  const { accounts, servers } = loaded.config;
  const own = names.filter((name) => !isServer(loaded, name));
  const isAll = names.length === 0 && (Object.keys(accounts).length > 0 || Object.keys(servers).length === 0);
  return {
    accounts: own.length > 0 || isAll ? await selectedAccounts(own, context) : [],
    servers: serversNamed(loaded, names.length === 0 ? undefined : names),
  };
};
