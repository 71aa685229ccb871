import type { LoadedConfig } from '../../config/load-config.ts';
import { lastGoodOf } from '../../operation/account-status.ts';
import { type AccountCapture, captureAccount } from '../../operation/capture-account.ts';
import type { CapturePlace, NightJob } from '../../operation/night/capture-jobs.ts';
import { isFault } from '../../model/fault.ts';
import type { ImapAccount } from '../../protocol/imap/config.ts';
import { accountSourceOpener, type Config } from '../../registry.ts';
import type { Repository } from '../../store/restic/repository.ts';
import { removeSnapshots } from '../../store/restic/snapshots/remove-snapshots.ts';
import { accountDescription } from '../account/account-description.ts';
import { accountParts } from '../account/named-account.ts';
import { usualRepository } from '../configuration.ts';
import type { CommandContext } from '../context.ts';
import { locationName } from './location-name.ts';

/** An account as a job of a run. */
export interface AccountJob extends NightJob {
  readonly account: ImapAccount;
}

/** What the repository of an account is called in records. */
const repositoryNameOf = (
  { repository }: ImapAccount,
  loaded: LoadedConfig<Config>,
  { options, environment }: CommandContext,
): string => {
  const given = options.repo ?? options.repositoryFile;
  if (given !== undefined) return locationName(given);
  if (repository !== undefined) return repository;
  const named = environment.repository ?? environment.repositoryFile;
  return named === undefined ? (usualRepository(loaded)?.name ?? 'default') : locationName(named);
};

export const accountJob = (
  account: ImapAccount,
  loaded: LoadedConfig<Config>,
  context: CommandContext,
): AccountJob => ({
  name: account.name,
  kind: 'imap',
  host: account.host,
  repository: repositoryNameOf(account, loaded, context),
  account,
});

export interface CaptureWish {
  readonly confirm: boolean;
  readonly rescan: boolean;
  /** Nothing is removed: that is left to `maintain`. */
  readonly isAppendOnly: boolean;
}

/** A long capture ends in a checkpoint after so much (requirement A12). */
const budget = { bytes: 1_000_000_000, time: 15n * 60n * 1_000_000_000n };

/** Checkpoints that stay a night longer harm nobody: another program may hold the lock. Where nothing may be removed, that is not tried. */
const letGo = async (repository: Repository, ids: readonly string[], { run }: CommandContext): Promise<void> => {
  if (ids.length === 0 || repository.session.backend.capabilities.immutable) return;
  try {
    await removeSnapshots(repository, ids, run);
  } catch (error) {
    if (!isFault(error, 'repository-locked', 'read-only', 'permission-denied', 'snapshot-damaged')) throw error;
    run.emit({ kind: 'notice', message: `checkpoints stay for now: ${error.message}` });
  }
};

const capture = async (
  account: ImapAccount,
  repository: Repository,
  { confirm: confirmed, rescan, isAppendOnly }: CaptureWish,
  context: CommandContext,
): Promise<AccountCapture> => {
  const settings = { ...accountParts(context), rescan };
  const { store } = account;
  if (store.kind === 'mirror') {
    const { captureMirror } = await import('../account/capture-mirror.ts');
    return captureMirror({ ...account, store }, repository, { settings, confirmed }, context);
  }
  return captureAccount(
    {
      open: await accountSourceOpener(account, settings, context.run),
      store: repository,
      removeSnapshots: async (ids) => (isAppendOnly ? undefined : letGo(repository, ids, context)),
    },
    { description: accountDescription(account, context), limits: account.brake, confirmed, budget },
    context.run,
  );
};

/** An open repository that accounts are captured into. */
export const accountPlace = (
  repository: Repository,
  wish: CaptureWish,
  context: CommandContext,
): CapturePlace<AccountJob> => ({
  capture: ({ account }) => capture(account, repository, wish, context),
  lastGood: async (jobs, run) => {
    const snapshots = await repository.snapshots(run);
    return jobs.map(({ account }) => {
      const good = lastGoodOf(snapshots, accountDescription(account, context), run.now());
      return good === undefined ? undefined : Number(good.time.nanoseconds / 1_000_000n);
    });
  },
});
