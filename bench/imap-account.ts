import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Dovecot, hasDovecot, mailOwner, startDovecot } from '../test/servers/dovecot.ts';
import { type DelayingProxy, startDelayingProxy } from './delaying-proxy.ts';
import { CommandFailed } from './measure.ts';

/** A mailbox of the bench as one account of a real Dovecot on loopback, behind a line that can be made longer. */
export interface ImapAccount {
  readonly host: string;
  /** Where it is reached now: by a longer line another than at home. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** PEM file. */
  readonly certificateAuthority: string;
  readonly messages: number;
  readonly version: string;
  /** Milliseconds of a round trip. */
  readonly setLatency: (milliseconds: number) => void;
  readonly stop: () => Promise<void>;
}

/** Milliseconds of a round trip, in the titles of the rows, too. */
export const imapLatency = 50;

export interface ImapAccountOptions {
  /** What the generator wrote. */
  readonly mailbox: string;
  readonly messages: number;
  /** A folder for it, where it stays for the next run; others must be able to pass through those above it. */
  readonly folder: string;
}

export async function startImapAccount({ mailbox, messages, folder }: ImapAccountOptions): Promise<ImapAccount> {
  if (!(await hasDovecot())) throw new CommandFailed('not installed (Debian package dovecot-imapd)');
  const maildir = join(folder, 'Maildir');
  // Written when nothing is left to do: copying and indexing 500,000 messages takes longer than a row of them.
  const ready = join(folder, 'ready');
  const isReady = existsSync(ready);
  if (!isReady) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    assemble(mailbox, maildir);
  }
  const dovecot = await startDovecot({ logCommands: false, location: `maildir:${maildir}` });
  let proxy: DelayingProxy | undefined;
  try {
    if (!isReady) await prepare(dovecot);
    writeFileSync(ready, '');
    proxy = await startDelayingProxy(dovecot.tlsPort);
  } catch (error) {
    await dovecot.stop();
    throw error;
  }
  const line = proxy;
  // On loopback nothing stands between: a proxy would take a good part of a processor.
  let port = dovecot.tlsPort;
  const certificateAuthority = join(folder, 'ca.pem');
  writeFileSync(certificateAuthority, dovecot.certificateAuthority);
  return {
    host: 'localhost',
    get port() {
      return port;
    },
    user: 'alice',
    password: 'secret',
    certificateAuthority,
    messages,
    version: spawnSync('dovecot', ['--version'], { encoding: 'utf8' }).stdout.trim(),
    setLatency: (milliseconds) => {
      line.latency = milliseconds;
      port = milliseconds === 0 ? dovecot.tlsPort : line.port;
    },
    stop: async () => {
      await line.stop();
      await dovecot.stop();
    },
  };
}

/** Nobody who comes first is to pay for Dovecot's indexes. */
async function prepare(dovecot: Dovecot): Promise<void> {
  await dovecot.doveadm('index', '-u', 'alice', '*');
  await dovecot.doveadm('mailbox', 'status', '-u', 'alice', 'messages vsize', '*');
}

/** All accounts of the generator become one: the first is its root, the others are folders of it. */
function assemble(mailbox: string, maildir: string): void {
  const domain = join(mailbox, 'example.com');
  for (const [number, user] of readdirSync(domain).toSorted().entries()) {
    const from = join(domain, user, 'Maildir');
    if (number === 0) {
      run('cp', '-a', from, maildir);
      rmSync(join(maildir, 'subscriptions'), { force: true });
      continue;
    }
    const root = join(maildir, `.${user}`);
    mkdirSync(root);
    for (const name of readdirSync(from)) {
      if (name === 'subscriptions') continue;
      run('cp', '-a', join(from, name), name.startsWith('.') ? `${root}${name}` : join(root, name));
    }
  }
  if (!existsSync(maildir)) throw new Error(`${mailbox} holds no mail`);
  if (process.getuid?.() === 0) run('chown', '-R', `${mailOwner}:${mailOwner}`, maildir);
}

function run(program: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
}
