import type { z } from 'zod';
import type { Backend } from './contract/backend.ts';
import type { AccountSource, AccountSourceOptions } from './contract/account-source.ts';
import type { CredentialSource } from './contract/credential.ts';
import type { MailTarget } from './contract/mail-target.ts';
import type { Notifier } from './contract/notification.ts';
import type { Run } from './contract/run.ts';
import type { ReadSecret } from './contract/secret-source.ts';
import type { ResolvePath } from './contract/setting.ts';
import type { StorageSettings } from './contract/storage-settings.ts';
import { Fault } from './model/fault.ts';
import type { ImapAccount } from './protocol/imap/config.ts';
import type { ImapScanOptions } from './protocol/imap/scan/account-scan.ts';
import type { AdoptionPlan } from './protocol/maildir/adopt/adoption-plan.ts';
import type { MirrorOptions, MirrorReport } from './protocol/maildir/mirror/mirror.ts';
import { sleep } from './system/clock.ts';
import { processIdentity } from './system/identity.ts';
import { pathOf } from './system/native-path.ts';

/*
 * The one place that knows every implementation. Each is imported when it is asked for, so that a command pays only for
 * what it uses.
 */

/** Opens what a location names. Nothing is made and nothing is asked yet; each backend reads its own kind of location. */
type OpenStorage = (location: string, settings: StorageSettings) => Promise<Backend>;

const openLocal: OpenStorage = async (location) => {
  const path = location.startsWith('local:') ? location.slice('local:'.length) : location;
  if (path === '')
    throw new Fault('usage', 'the location of the repository is empty', { hint: 'Give --repo a folder.' });
  const { openLocalBackend } = await import('./backend/local.ts');
  return openLocalBackend(path);
};

const openSftp: OpenStorage = async (location, settings) => {
  const [{ openSftpBackend }, { sftpSettings }] = await Promise.all([
    import('./backend/sftp/sftp-backend.ts'),
    import('./backend/sftp/settings.ts'),
  ]);
  return openSftpBackend(sftpSettings(location, settings));
};

const openRclone: OpenStorage = async (location, settings) => {
  const [{ openRcloneBackend }, { rcloneSettings }] = await Promise.all([
    import('./backend/rclone/rclone-backend.ts'),
    import('./backend/rclone/settings.ts'),
  ]);
  return openRcloneBackend(rcloneSettings(location, settings));
};

const notYet =
  (scheme: string): OpenStorage =>
  async () => {
    throw new Fault('unsupported', `repositories at ${scheme}: cannot be opened by this version`, {
      hint: 'Give the path of a local folder; the other kinds of storage come with a later version.',
    });
  };

/** restic's schemes of places for a repository; without one of these a location is a local folder. */
const schemes: Readonly<Record<string, OpenStorage>> = {
  local: openLocal,
  s3: async (location, settings) => (await import('./backend/s3/s3-backend.ts')).openS3Backend(location, settings),
  sftp: openSftp,
  rest: async (location, settings) =>
    (await import('./backend/rest/rest-backend.ts')).openRestBackend(location, settings),
  rclone: openRclone,
  b2: notYet('b2'),
  azure: notYet('azure'),
  gs: notYet('gs'),
  swift: notYet('swift'),
};

/** Holds calls back where that was asked for, and those to a server when it takes no more of them. */
const limited = async (backend: Backend, { uploadRate, downloadRate }: StorageSettings): Promise<Backend> => {
  if (backend.capabilities.isRemote !== true && uploadRate === undefined && downloadRate === undefined) return backend;
  const { withLimit } = await import('./backend/with-limit.ts');
  return withLimit(backend, {
    sleep,
    ...(uploadRate === undefined ? {} : { uploadRate }),
    ...(downloadRate === undefined ? {} : { downloadRate }),
  });
};

const timed = async (backend: Backend, { stuckTimeout }: StorageSettings): Promise<Backend> => {
  if (backend.capabilities.isRemote !== true) return backend;
  const { withTimeout } = await import('./backend/with-timeout.ts');
  return withTimeout(backend, { patience: stuckTimeout });
};

/** Opens the storage that a location names, in restic's notation: a path, or `scheme:…`. Nothing is created. */
export const backendAt = async (location: string, settings: StorageSettings): Promise<Backend> => {
  const scheme = Object.keys(schemes).find((known) => location.startsWith(`${known}:`)) ?? 'local';
  const [backend, { withRetry }] = await Promise.all([
    (schemes[scheme] ?? openLocal)(location, settings),
    import('./backend/with-retry.ts'),
  ]);
  // A local path may be a mounted network drive, whose handles go stale and whose server has moments of silence. The time
  // of a call begins when it is let through, and pauses before another try take no connection.
  const patient = await limited(await timed(backend, settings), settings);
  return withRetry(patient, { random: Math.random, sleep });
};

/** Puts a cache in this folder, of restic's layout, in front of storage that is not at hand. */
export const cacheIn = async (folder: string): Promise<(backend: Backend, repositoryId: string) => Backend> => {
  const { withCache } = await import('./backend/with-cache.ts');
  return (backend, repositoryId) =>
    backend.capabilities.isRemote === true ? withCache(backend, { folder: pathOf(folder), repositoryId }) : backend;
};

/** A component of a server: folders and files, or a database. */
const loadComponentSetting = async () => {
  const [{ z }, { filesComponentSetting }, { databaseSetting }] = await Promise.all([
    import('zod'),
    import('./protocol/server/files-component-setting.ts'),
    import('./protocol/database/config.ts'),
  ]);
  return {
    componentSetting: (resolve: ResolvePath) =>
      z.union(
        [
          databaseSetting(resolve).transform((setting) => ({ kind: 'database', setting }) as const),
          filesComponentSetting(resolve),
        ],
        { error: 'must have folders or files, or a database' },
      ),
  };
};

/** The schema of `mailkeep.yaml`, with the part of every implementation in it. */
export const loadConfigSchema = async () => {
  const [{ createConfigSchema }, { imapAccountSetting }, { componentSetting }, { notificationSetting }] =
    await Promise.all([
      import('./config/config-schema.ts'),
      import('./protocol/imap/config.ts'),
      loadComponentSetting(),
      import('./notify/notification-setting.ts'),
    ]);
  return (resolve: ResolvePath) =>
    createConfigSchema(
      {
        account: imapAccountSetting(resolve),
        component: componentSetting(resolve),
        notification: notificationSetting(resolve),
      },
      resolve,
    );
};

/** A valid configuration, with all defaults filled in and all paths absolute. */
export type Config = z.output<ReturnType<Awaited<ReturnType<typeof loadConfigSchema>>>>;

/** What opening an account needs besides its part of the configuration. */
export interface AccountParts {
  readonly stateDirectory: string;
  readonly readSecret: ReadSecret;
}

/** The accounts that an entry of the configuration stands for: one, or one for each of its users. */
export const accountsOf = async (
  name: string,
  entry: Config['accounts'][string],
  { readSecret }: AccountParts,
  run: Run,
): Promise<readonly ImapAccount[]> => {
  const [{ expandAccounts }, { domainUsers }] = await Promise.all([
    import('./protocol/imap/expand-accounts.ts'),
    import('./protocol/login/directory.ts'),
  ]);
  return expandAccounts(name, entry, async ({ login }, domain) => {
    if (login.kind !== 'serviceAccount') return [];
    const { active, suspended } = await domainUsers(login.value, domain, readSecret, run);
    if (suspended.length > 0) {
      const message = `${name}: nobody can log in as these users, they are suspended: ${suspended.join(', ')}`;
      run.emit({ kind: 'notice', message });
    }
    return active;
  });
};

/** What an account shows its server at login. */
export const credentialsOf = async (account: ImapAccount, parts: AccountParts): Promise<CredentialSource> => {
  const { credentialSource } = await import('./protocol/login/credential-source.ts');
  return credentialSource(account.user, account.login, { ...parts, account: account.name });
};

export interface AccountCaptureSettings extends AccountParts {
  /** Look at every message of every folder. */
  readonly rescan: boolean;
}

const dayLength = 86_400_000_000_000n;

/** How an account is looked at. */
const scanOptions = async (
  account: ImapAccount,
  settings: AccountCaptureSettings,
  run: Run,
): Promise<ImapScanOptions> => {
  const { serverSettings } = await import('./protocol/imap/account-settings.ts');
  const { user, connections, folders } = account;
  const { include, exclude } = folders;
  return {
    server: await serverSettings(account),
    user,
    credentials: await credentialsOf(account, settings),
    connections,
    filter: include === undefined ? { exclude } : { include, exclude },
    rescan: settings.rescan,
    seventh: Number((run.now() / dayLength) % 7n),
  };
};

/** An account as a source, straight from its server. Nothing is asked before it is captured. */
export const accountSourceOpener = async (
  account: ImapAccount,
  settings: AccountCaptureSettings,
  run: Run,
): Promise<(options: AccountSourceOptions) => AccountSource> => {
  const [{ openImapSource }, scan] = await Promise.all([
    import('./protocol/imap/source.ts'),
    scanOptions(account, settings, run),
  ]);
  const { uid, gid, username } = processIdentity();
  const owner = { uid, gid, user: username, group: '' };
  return (options) => openImapSource({ ...scan, ...options, account: account.name, owner });
};

/** Brings the mirror of an account up to date. Faults as those of the account and of the file system. */
export const updateMirror = async (
  account: ImapAccount,
  { directory, judge, ...settings }: AccountCaptureSettings & Pick<MirrorOptions, 'directory' | 'judge'>,
  run: Run,
): Promise<MirrorReport> => {
  const [{ openMirror }, { openImapScan }, { refuseOldTree }, options] = await Promise.all([
    import('./protocol/maildir/mirror/mirror.ts'),
    import('./protocol/imap/scan/account-scan.ts'),
    import('./protocol/maildir/adopt/refuse-old-tree.ts'),
    scanOptions(account, settings, run),
  ]);
  await refuseOldTree(directory, account.name);
  const mirror = await openMirror({ directory, account: account.name, judge }, run);
  const scan = openImapScan(options);
  try {
    return await mirror.apply(scan, run);
  } finally {
    await scan.close();
    await mirror.close();
  }
};

/** What OfflineIMAP or mbsync have left. */
export interface OldMirror {
  /** The tree of their Maildirs. */
  readonly folder: string;
  /** Where their own records may lie: `~/.offlineimap`, `~/.mbsync`. */
  readonly states: readonly string[];
  /** Names of folders in the tree, and what they are called on the server. */
  readonly mapping: readonly (readonly [string, string])[];
}

/** An old mirror beside the account; nothing is written before `apply`. */
export interface MirrorAdoption {
  readonly plan: AdoptionPlan;
  /** Bytes that are free for the mirror. */
  readonly free: number;
  verify(count: number, run: Run): Promise<{ readonly compared: number; readonly different: number }>;
  apply(run: Run): Promise<MirrorReport>;
  close(): Promise<void>;
}

/** Looks at what of an account lies in a mirror of OfflineIMAP or mbsync. Faults: `usage`, `target-occupied`, `source-empty`, those of the account. */
export const openMirrorAdoption = async (
  account: ImapAccount,
  old: OldMirror,
  { directory, ...settings }: AccountParts & Pick<MirrorOptions, 'directory'>,
  run: Run,
): Promise<MirrorAdoption> => {
  const [adoption, { refuseOldTree }, { readOldMirror }, { planAdoption }, { openImapScan }, options] =
    await Promise.all([
      import('./protocol/maildir/adopt/adopt-mirror.ts'),
      import('./protocol/maildir/adopt/refuse-old-tree.ts'),
      import('./protocol/maildir/adopt/read-old-mirror.ts'),
      import('./protocol/maildir/adopt/adoption-plan.ts'),
      import('./protocol/imap/scan/account-scan.ts'),
      scanOptions(account, { ...settings, rescan: false }, run),
    ]);
  await adoption.mustLieApart(directory, old.folder);
  await refuseOldTree(directory, account.name);
  const parts = await readOldMirror(old, run);
  const free = await adoption.freeBytes(directory);
  const scan = openImapScan(options);
  try {
    const plan = await planAdoption({ scan, mirror: directory, ...parts }, run);
    return {
      plan,
      free,
      verify: (count, own) => adoption.verifyAdoption(scan, plan, count, own),
      apply: (own) => adoption.applyAdoption(scan, plan, { directory, account: account.name }, own),
      close: () => scan.close(),
    };
  } catch (error) {
    await scan.close();
    throw error;
  }
};

/** An account as the place where mail is brought to. Nothing is asked before it is looked at. */
export const mailTargetOf = async (account: ImapAccount, parts: AccountParts): Promise<MailTarget> => {
  const [{ ImapTarget }, { createAppendJournal }, { serverSettings }, { createHash }] = await Promise.all([
    import('./protocol/imap/restore/imap-target.ts'),
    import('./protocol/imap/restore/append-journal.ts'),
    import('./protocol/imap/account-settings.ts'),
    import('node:crypto'),
  ]);
  const server = await serverSettings(account);
  return new ImapTarget({
    description: account.name,
    server,
    credentials: await credentialsOf(account, parts),
    newHash: () => createHash('sha256'),
    journal: createAppendJournal(parts.stateDirectory, { ...server, user: account.user }),
    sleep,
  });
};

/** How an account of the configuration logs in, for what is sent in its name. Fault `configuration` when there is none. */
const credentialsOfNamed = async (
  name: string,
  { accounts }: Pick<Config, 'accounts'>,
  parts: AccountParts,
  run: Run,
): Promise<CredentialSource> => {
  const entryName = name.split('/', 1)[0] ?? '';
  const entry = Object.hasOwn(accounts, entryName) ? accounts[entryName] : undefined;
  const found = entry === undefined ? [] : await accountsOf(entryName, entry, parts, run);
  const account = found.find((one) => one.name === name);
  if (account !== undefined) return credentialsOf(account, parts);
  throw new Fault('configuration', `a notification logs in as the account ${name}, and there is no such account`, {
    hint: found.length === 0 ? 'Look at its name.' : `Name one of its users: ${found[0]?.name ?? ''}.`,
  });
};

export interface NotificationSettings extends AccountParts {
  /** Of the process, for programs that are started. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Milliseconds for one notification; default 30 s. */
  readonly patience?: number;
}

/** A way to tell of runs, as an entry of the configuration says it. Nothing is sent yet, and no secret is read. */
export const notifierOf = async (
  notification: Config['notifications'][number],
  { config, settings }: { readonly config: Pick<Config, 'accounts'>; readonly settings: NotificationSettings },
  run: Run,
): Promise<Notifier> => {
  const { openNotifier } = await import('./notify/notifier.ts');
  return openNotifier(notification, {
    ...settings,
    hostname: processIdentity().hostname,
    credentialsOf: (name) => credentialsOfNamed(name, config, settings, run),
  });
};
