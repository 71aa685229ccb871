import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { succeed } from '../requirement/command.ts';
import { installPackages } from '../requirement/debian.ts';

/** Whoever runs Dovecot: it refuses to be root. */
const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

/** A message as Dovecot shows it. */
export interface ServedMessage {
  readonly uid: number;
  /** Sorted; `\Recent` left out. */
  readonly flags: readonly string[];
  readonly date: string;
  readonly body: string;
}

export interface ServedFolder {
  readonly uidValidity: number;
  readonly messages: readonly ServedMessage[];
}

/** Dovecot on one Maildir, without a server: its `imap` speaks on a pipe, logged in already. */
export interface MaildirReader {
  folders(): Promise<readonly string[]>;
  subscribed(): Promise<readonly string[]>;
  folder(name: string): Promise<ServedFolder>;
  /** Sends commands and returns all that is answered. */
  speak(commands: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export const dovecotPackages = [{ name: 'dovecot-imapd', command: 'dovecot' }];

const own = async (path: string): Promise<void> => {
  if (!isRoot) return;
  await chown(path, nobody, nobody);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await own(join(path, entry.name));
    else await chown(join(path, entry.name), nobody, nobody);
  }
};

/** Works on a copy of the Maildir. Fails where Dovecot is missing and may not be installed. */
export const openMaildirReader = async (maildir: string): Promise<MaildirReader> => {
  const missing = await installPackages(dovecotPackages);
  if (missing.length > 0) throw new Error(missing.join(' '));
  const work = await mkdtemp(join(tmpdir(), 'mailkeep-dovecot-'));
  await mkdir(join(work, 'run'));
  await writeFile(
    join(work, 'dovecot.conf'),
    `base_dir = ${work}/run
state_dir = ${work}/run
mail_location = maildir:${work}/mail
log_path = ${work}/log
ssl = no
protocols =
default_internal_user = nobody
default_login_user = nobody
first_valid_uid = 1
first_valid_gid = 1
mail_plugins = listescape
plugin {
  listescape_char = "%%"
}
namespace inbox {
  inbox = yes
  separator = /
}
`,
  );
  await succeed('cp', ['-a', maildir, join(work, 'mail')]);
  await own(work);
  await chmod(work, 0o700);
  const speak = (commands: readonly string[]): Promise<string> => speakTo(work, commands);
  return {
    speak,
    folders: async () => listed(await speak(['a LIST "" *']), 'LIST'),
    subscribed: async () => listed(await speak(['a LSUB "" *']), 'LSUB'),
    folder: async (name) =>
      servedFolder(await speak([`a EXAMINE "${name}"`, 'b FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])'])),
    close: () => rm(work, { recursive: true, force: true }),
  };
};

const speakTo = (work: string, commands: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn('doveadm', ['-c', join(work, 'dovecot.conf'), 'exec', 'imap'], {
      cwd: work,
      env: { PATH: process.env['PATH'], USER: 'alice', HOME: work, TZ: 'UTC' },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(isRoot ? { uid: nobody, gid: nobody } : {}),
    });
    const pieces: Buffer[] = [];
    let complaint = '';
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    child.on('error', reject);
    child.on('close', () => {
      const text = Buffer.concat(pieces).toString('latin1');
      if (text.includes('PREAUTH')) resolve(text);
      else reject(new Error(`Dovecot did not start: ${complaint}${text}`));
    });
    child.stdin.end(`${[...commands, 'z LOGOUT'].join('\r\n')}\r\n`);
  });

const listed = (text: string, word: string): readonly string[] =>
  [...text.matchAll(new RegExp(`^\\* ${word} \\([^)]*\\) "/" (.*)\\r$`, 'gm'))]
    .map(([, name = '']) => name.replace(/^"(.*)"$/, '$1'))
    .sort();

const servedFolder = (text: string): ServedFolder => {
  const messages: ServedMessage[] = [];
  const item = /^\* \d+ FETCH \(UID (\d+) FLAGS \(([^)]*)\) INTERNALDATE "([^"]*)" BODY\[\] \{(\d+)\}\r\n/gm;
  for (let match = item.exec(text); match !== null; match = item.exec(text)) {
    const length = Number(match[4]);
    messages.push({
      uid: Number(match[1]),
      flags: (match[2] ?? '')
        .split(' ')
        .filter((flag) => flag !== '' && flag !== '\\Recent')
        .sort(),
      date: match[3] ?? '',
      body: text.slice(item.lastIndex, item.lastIndex + length),
    });
    item.lastIndex += length;
  }
  return { uidValidity: Number(/UIDVALIDITY (\d+)/.exec(text)?.[1]), messages };
};
