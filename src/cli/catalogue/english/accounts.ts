import { plural } from './plural.ts';

/** Of `config` and `login`. */
export const accountMessages = {
  configGood: (file: string, accounts: number, repositories: number): string =>
    `${file} is right: ${plural(accounts, 'account', 'accounts')}, ${plural(repositories, 'repository', 'repositories')}`,
  configBad: (file: string, count: number): string => `${file} cannot be used: ${plural(count, 'problem', 'problems')}`,
  configNewest: (file: string): string => `${file} is of the newest version already`,
  configMigration: (file: string, from: number, to: number): string =>
    `${file} is of version ${from}; in version ${to} these lines change:`,
  configMigrated: (file: string, kept: string): string => `${file} was written; the old one is kept as ${kept}`,

  loginOpenBrowser: (account: string): string => `To log in to ${account}, open this address in a browser:`,
  loginPaste: (): string =>
    'If the browser is on another machine, it ends at an address that does not open. Paste that address here:',
  loginOpenPage: (account: string, page: string): string => `To log in to ${account}, open ${page} on any device,`,
  loginTypeCode: (code: string): string => `and type this code: ${code}`,
  loginWaiting: (): string => 'Waiting for an answer; Ctrl-C ends it.',
  loginGoodPage: (): string => 'You are logged in. This page can be closed.',
  loginBadPage: (): string => 'This is not the answer that Mailkeep waits for. Go back to the terminal.',
  loginDone: (account: string): string => `logged in to ${account}; what is needed from now on is kept`,

  doctorLine: (state: 'ok' | 'warning' | 'failed', subject: string, check: string, message: string): string =>
    `${{ ok: 'ok     ', warning: 'WARNING', failed: 'FAILED ' }[state]}  ${subject === '' ? '' : `${subject}: `}${check}: ${message}`,
  doctorAdvice: (hint: string): string => `         ${hint}`,
  doctorSummary: (ok: number, warnings: number, failed: number): string =>
    failed === 0 && warnings === 0
      ? `everything is well: ${ok} things were tried`
      : `${failed} failed, ${plural(warnings, 'warning', 'warnings')}, ${ok} ok`,
  doctorNode: (version: string): string => `Node ${version}`,
  doctorNodeOld: (version: string): string => `Mailkeep needs Node ${version} or newer.`,
  doctorAddon: (): string => 'extended attributes and times to the nanosecond are kept',
  doctorNoAddon: (): string => 'the optional addon is missing: no extended attributes, times to the millisecond',
  doctorNoAddonHint: (): string => 'It comes with npm on Linux with glibc; mail needs nothing of it.',
  doctorConfig: (file: string): string => file,
  doctorNoConfig: (): string => 'there is none, and nothing needs one; `mailkeep init` sets up accounts',
  doctorState: (folder: string): string => `${folder} can be written`,
  doctorUsers: (count: number): string => plural(count, 'user', 'users'),
  doctorSecret: (kind: 'password' | 'bearer'): string =>
    kind === 'password' ? 'the password is there' : 'the provider gave a token',
  doctorDns: (host: string, addresses: string): string => `${host} is ${addresses}`,
  doctorNoTls: (): string => 'no TLS, which only this machine itself may have',
  doctorCertificate: (subject: string, issuer: string, until: string): string =>
    `${subject}, by ${issuer}, valid until ${until}`,
  doctorCertificateDates: (from: string, to: string): string => `the certificate is valid from ${from} to ${to} only`,
  doctorCertificateDatesHint: (): string =>
    'Look at the clock of this machine; if it is right, the operator of the server has to renew the certificate.',
  doctorCertificateSoon: (days: number): string =>
    `It ends in ${plural(days, 'day', 'days')}. If the server is yours, look why it is not renewed.`,
  doctorLogin: (user: string): string => `logged in as ${user}`,
  doctorCapabilities: (there: readonly string[], missing: readonly string[]): string =>
    `the server has ${there.length === 0 ? 'nothing that helps' : there.join(', ')}${missing.length === 0 ? '' : `; it works without ${missing.join(', ')}`}`,
  doctorFolders: (wanted: number, all: number, count: number): string =>
    `${wanted} of ${plural(all, 'folder', 'folders')}, ${plural(count, 'message', 'messages')}`,
  doctorFoldersNone: (): string => 'Nothing would be backed up: look at folders in the configuration.',
  doctorClock: (): string => 'the clocks agree',
  doctorClockBehind: (minutes: number): string =>
    `the newest message is ${plural(minutes, 'minute', 'minutes')} from now`,
  doctorClockApart: (minutes: number): string => `the clocks differ by ${plural(minutes, 'minute', 'minutes')}`,
  doctorClockHint: (): string => 'Look at the clock of this machine (timedatectl): locks and retention go by it.',
  doctorRepository: (location: string): string => `${location} is there, and its password is right`,
  doctorStorage: () => 'the storage reads back, lists and removes what is written, and overwrites nothing',
  doctorWritable: (): string => 'a lock was written and removed again',
  doctorSpace: (free: string, percent: number): string => `${free} are free; ${percent} % are in use`,
  doctorSpaceHint: (): string => 'Make room: forget and prune what is not needed, or take a larger disk.',

  setupTitle: (): string => 'Mailkeep',
  setupNeedsAnswer: (): string => 'An answer is needed.',
  setupWhat: (): string => 'What is to be set up?',
  setupWhatAccount: (): string => 'a mail account, and where its backup goes',
  setupWhatRepository: (): string => 'only a repository for files on this machine',
  setupAddress: (): string => 'Mail address of the account',
  setupLooking: (): string => 'Looking for the server of this address',
  setupFound: (host: string, port: number): string => `Found ${host}, port ${port}`,
  setupNotFound: (): string => 'Neither DNS nor autoconfiguration tells the server',
  setupIsRight: (): string => 'Is this your server? Nobody vouches for what DNS says.',
  setupProvider: (): string => 'Who is the provider?',
  setupOther: (): string => 'another one',
  setupHost: (): string => 'Name of the IMAP server',
  setupSecurity: (): string => 'How is it protected?',
  setupUser: (): string => 'User name',
  setupName: (): string => 'What is this account to be called here?',
  setupLogin: (): string => 'How do you log in?',
  setupLoginWay: (way: 'application-password' | 'password' | 'oauth-google' | 'oauth-microsoft'): string =>
    ({
      'application-password': 'with an application password, made in the settings of the account',
      password: 'with the password',
      'oauth-google': 'with OAuth (needs a registration with Google: docs/accounts.md)',
      'oauth-microsoft': 'with OAuth (needs a registration with Microsoft: docs/accounts.md)',
    })[way],
  setupPassword: (): string => 'Password (kept in a file that only you can read)',
  setupApplicationPassword: (): string =>
    'Application password, not the one of the account (kept in a file that only you can read)',
  setupClientId: (): string => 'Client id of the registration (docs/accounts.md says how to get one)',
  setupClientSecret: (): string => 'Client secret, if it has one',
  setupExclude: (): string => 'Leave out spam and trash?',
  setupMirror: (): string => 'Keep a copy on this machine, too, that mail programs can read (a Maildir)?',
  setupMirrorFolder: (): string => 'Folder for it',
  setupRepository: (): string => 'Where is the backup to go? A folder, or s3:…, sftp:…, rest:…, rclone:…',
  setupLoggedIn: (user: string, folders: number, count: number): string =>
    `logged in as ${user}: ${plural(folders, 'folder', 'folders')}, ${plural(count, 'message', 'messages')} to back up`,
  setupAllTheSame: (): string => 'Write the configuration all the same?',
  setupWrite: (file: string): string => `Write ${file}?`,
  setupAdd: (file: string): string => `Add the account to ${file}? The file as it is now is kept as ${file}~.`,
  setupNothingWritten: (): string => 'nothing was written to the configuration',
  setupDone: (name: string, file: string): string =>
    `the account ${name} is in ${file}; \`mailkeep doctor ${name}\` tries everything`,
};
