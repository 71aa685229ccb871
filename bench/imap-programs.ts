import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { PackageNeed } from '../test/requirement/debian.ts';
import type { ImapAccount } from './imap-account.ts';
import type { Command } from './measure.ts';
import {
  type Found,
  mailkeepStart,
  missing,
  notBuilt,
  type Place,
  type Program,
  repositoryCommand,
  versionOf,
} from './program.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

export const imapProgramNames: readonly string[] = [
  'mailkeep',
  'mailkeep mirror',
  'mirror alone',
  'mbsync',
  'offlineimap',
];

/** What those that are not ours are installed from. */
export const imapPackages: readonly PackageNeed[] = [
  { name: 'isync', command: 'mbsync' },
  { name: 'offlineimap3', command: 'offlineimap' },
];

/** Whoever brings an account home, ours first. What is "backed up" is the account, not a folder. */
export function findImapPrograms(folder: string, account: ImapAccount): Found[] {
  return [
    findOurs(folder, account, 'mailkeep'),
    findOurs(folder, account, 'mailkeep mirror'),
    findMirrorAlone(folder, account),
    findMbsync(account),
    findOfflineimap(account),
  ];
}

function findOurs(folder: string, account: ImapAccount, name: 'mailkeep' | 'mailkeep mirror'): Found {
  const start = mailkeepStart(folder);
  if (start === undefined) return { kind: 'missing', name, why: notBuilt };
  const isMirror = name === 'mailkeep mirror';
  const command = (place: Place, ...args: readonly string[]): Command =>
    repositoryCommand({ program: process.execPath, head: start.head }, place, ...args);
  const mirrorOf = (place: Place): string => join(place.folder, 'mirror');
  return {
    kind: 'program',
    program: {
      name,
      version: start.version,
      how: isMirror
        ? 'the account as a Maildir, and a snapshot of it in a repository; durable'
        : 'the account straight into a repository: encrypted, compressed, with history; durable',
      isIncremental: true,
      init: (place) => command(place, 'init'),
      backup: (place) => {
        writeConfiguration(place, account, isMirror ? { mirror: mirrorOf(place) } : 'direct');
        return command(place, 'run', 'account', '--config', join(place.folder, 'mailkeep.yaml'));
      },
      ...(isMirror ? { messagesIn: (place) => countMessages(mirrorOf(place)) } : {}),
    },
  };
}

function writeConfiguration(place: Place, account: ImapAccount, store: unknown): void {
  const password = passwordFile(place, account);
  const { host, port, user, certificateAuthority } = account;
  const entry = { host, port, user, certificateAuthority, login: { password: { file: password } }, store };
  const configuration = { version: 1, accounts: { account: entry } };
  writeFileSync(join(place.folder, 'mailkeep.yaml'), JSON.stringify(configuration), { mode: 0o600 });
}

function passwordFile(place: Place, { password }: ImapAccount): string {
  const file = join(place.folder, 'imap-password');
  writeFileSync(file, `${password}\n`, { mode: 0o600 });
  return file;
}

/** What `mailkeep run` does of a mirror without the snapshot: the same work as that of the programs beside it. */
function findMirrorAlone(folder: string, account: ImapAccount): Found {
  const name = 'mirror alone';
  const found = mailkeepStart(folder);
  if (found === undefined) return { kind: 'missing', name, why: notBuilt };
  const start = join(folder, 'start-mirror.mjs');
  const module = (path: string): string => JSON.stringify(pathToFileURL(join(root, 'dist', path)).href);
  writeFileSync(
    start,
    `import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';
// As the launcher does it.
setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=30');
enableCompileCache(process.env.HOME + '/compiled');
const { Secret } = await import(${module('model/secret.js')});
const { openMirror } = await import(${module('protocol/maildir/mirror/mirror.js')});
const { openImapScan } = await import(${module('protocol/imap/scan/account-scan.js')});
const [directory, settings] = process.argv.slice(2);
const { user, password, connections, ca, ...given } = JSON.parse(readFileSync(settings, 'utf8'));
const server = { ...given, security: 'tls', certificateAuthorities: readFileSync(ca, 'utf8') };
const credentials = async () => ({ kind: 'password', user, password: new Secret(password) });
const run = { signal: new AbortController().signal, now: () => BigInt(Date.now()) * 1000000n, emit: () => undefined };
const seventh = Math.floor(Date.now() / 86400000) % 7;
const scan = openImapScan({ server, user, credentials, connections, filter: {}, rescan: false, seventh });
const mirror = await openMirror({ directory, account: 'account', judge: () => [] }, run);
await mirror.apply(scan, run);
await scan.close();
await mirror.close();
`,
  );
  return {
    kind: 'program',
    program: {
      name,
      version: found.version,
      how: "that Maildir without a snapshot: the same work as mbsync's; durable",
      isIncremental: true,
      init: makeFolder,
      backup: (place) => {
        const settings = join(place.folder, 'account.json');
        const { host, port, user, password, certificateAuthority: ca } = account;
        writeFileSync(settings, JSON.stringify({ host, port, user, password, ca, connections: 4 }), { mode: 0o600 });
        return { program: process.execPath, args: [start, place.repository, settings], env: place.env };
      },
      messagesIn: ({ repository }) => countMessages(repository),
    },
  };
}

function makeFolder(place: Place): Command {
  return { program: 'mkdir', args: ['-p', place.repository], env: place.env };
}

function findMbsync(account: ImapAccount): Found {
  const version = versionOf('mbsync', ['--version']);
  if (version === undefined) return missing('mbsync', 'Debian package isync');
  return maildirProgram({
    name: 'mbsync',
    version,
    how: 'Sync Pull, CopyArrivalDate yes, SubFolders Verbatim; durable by default',
    command: (place) => ({
      program: 'mbsync',
      args: ['-q', '-c', writeSettings(place, mbsyncSettings(place, account)), 'account'],
      env: place.env,
    }),
  });
}

function mbsyncSettings({ repository }: Place, account: ImapAccount): string {
  return `IMAPAccount account
Host ${account.host}
Port ${account.port}
User ${account.user}
Pass ${account.password}
SSLType IMAPS
CertificateFile ${account.certificateAuthority}

IMAPStore far
Account account

MaildirStore near
Path ${repository}/
Inbox ${repository}/INBOX
SubFolders Verbatim

Channel account
Far :far:
Near :near:
Patterns *
Create Near
Sync Pull
CopyArrivalDate yes
SyncState *
`;
}

function findOfflineimap(account: ImapAccount): Found {
  const version = versionOf('offlineimap', ['--version']);
  if (version === undefined) return missing('offlineimap', 'Debian package offlineimap3');
  return maildirProgram({
    name: 'offlineimap',
    version,
    how: 'maxconnections 4, readonly; fsync by default',
    command: (place) => ({
      program: 'offlineimap',
      args: ['-o', '-u', 'quiet', '-c', writeSettings(place, offlineimapSettings(place, account))],
      env: place.env,
    }),
  });
}

function offlineimapSettings({ folder, repository }: Place, account: ImapAccount): string {
  return `[general]
accounts = account
metadata = ${folder}/metadata

[Account account]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = ${repository}

[Repository far]
type = IMAP
remotehost = ${account.host}
remoteport = ${account.port}
remoteuser = ${account.user}
remotepass = ${account.password}
ssl = yes
sslcacertfile = ${account.certificateAuthority}
maxconnections = 4
readonly = True
`;
}

function writeSettings({ folder }: Place, text: string): string {
  const file = join(folder, 'settings');
  writeFileSync(file, text, { mode: 0o600 });
  mkdirSync(join(folder, 'metadata'), { recursive: true });
  return file;
}

interface MaildirProgram extends Pick<Program, 'name' | 'version' | 'how'> {
  readonly command: (place: Place) => Command;
}

function maildirProgram({ command, ...program }: MaildirProgram): Found {
  return {
    kind: 'program',
    program: {
      ...program,
      isIncremental: true,
      init: makeFolder,
      backup: command,
      messagesIn: ({ repository }) => countMessages(repository),
    },
  };
}

function countMessages(folder: string): number {
  let messages = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(folder, entry.name);
    if (entry.name === 'cur' || entry.name === 'new')
      messages += readdirSync(path).filter((name) => !name.startsWith('.')).length;
    else messages += countMessages(path);
  }
  return messages;
}
