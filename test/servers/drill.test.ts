import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ended } from '../journey/program.ts';
import { type CommandResult, succeed } from '../requirement/command.ts';
import { type MailStack, startMailStack } from '../stack/mail-stack.ts';
import { certificatePlace } from '../stack/service-settings.ts';
import { type PersonName, people } from '../stack/tables.ts';
import { isMessageLine, recordsOf } from './json-lines.ts';
import { flipByte, whyNoLoop } from './mail-server.ts';

const why = await whyNoLoop();
assert.ok(why === undefined || process.env['CI'] !== 'true' || process.getuid?.() !== 0, why);

const everybody = Object.keys(people).filter((name): name is PersonName => Object.hasOwn(people, name));

/** Waits until something is so. */
const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${what} did not come about`);
};

/** Empty once it is over. */
const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
};

const leftOver = (base: string): readonly string[] =>
  readdirSync(base).filter((name) => name.startsWith('mailkeep-drill-'));

/** A folder of programs in which those of PHP are not. */
const programsWithoutPhp = async (folder: string): Promise<string> => {
  await mkdir(folder);
  for (const name of readdirSync('/usr/bin')) {
    if (!name.startsWith('php')) await symlink(join('/usr/bin', name), join(folder, name));
  }
  return folder;
};

describe('the drill of a whole mail server', { skip: why ?? false, timeout: 900_000 }, () => {
  let stack: MailStack;
  /** Where scratch folders of the drills are, and damaged copies of the backup. */
  let work: string;

  const drill = (...args: readonly string[]): Promise<CommandResult> => stack.mailkeep('drill', ...args);
  const day = (): string => join(stack.backups, 'latest');
  const night = async (): Promise<void> => {
    const { code, stdout, stderr } = await stack.mailkeep('run', 'mailserver', '--daily', '--quiet');
    assert.equal(code, 0, stdout + stderr);
  };
  /** A copy of the backup that something has happened to. */
  const damaged = async (harm: (folder: string) => Promise<void>): Promise<string> => {
    const folder = await mkdtemp(join(work, 'damaged-'));
    await rm(folder, { recursive: true });
    await succeed('cp', ['-a', await realpath(day()), folder]);
    await harm(folder);
    return folder;
  };
  /** It ends with 1, and the sentence is said. */
  const assertFails = async (result: Promise<CommandResult>, sentence: RegExp): Promise<string> => {
    const { code, stdout, stderr } = await result;
    assert.equal(code, 1, stdout + stderr);
    assert.match(stdout, /^Drill FAILED: /);
    assert.match(stdout, sentence);
    assert.deepEqual(leftOver(work), []);
    return stdout;
  };
  const messageFiles = async (folder: string, person: string): Promise<readonly string[]> => {
    const maildir = join(folder, 'mail/vmail/example.com', person, 'Maildir');
    const names = await Promise.all(
      ['cur', 'new'].map(async (below) =>
        (await readdir(join(maildir, below))).map((name) => join(maildir, below, name)),
      ),
    );
    return names.flat();
  };
  const configure = (more: Readonly<Record<string, string>> = {}): Promise<void> =>
    stack.configure({
      drill: JSON.stringify({
        folder: work,
        logins: { 'alice@example.com': { file: join(stack.person.folder, 'alice-password') } },
      }),
      // An emptied table is what one of these would tell.
      alarms: '{enabled: false}',
      ...more,
    });

  const withRepository = async (more: Readonly<Record<string, string>> = {}): Promise<void> => {
    await configure({ repository: 'main', ...more });
    const [file, password] = ['mailkeep.yaml', 'repository-password'].map((name) => join(stack.person.folder, name));
    await writeFile(password ?? '', 'a password', { mode: 0o600 });
    const main = { location: join(work, 'repository'), password: { file: password } };
    const text = await readFile(file ?? '', 'utf8');
    await writeFile(file ?? '', `${text}repositories: ${JSON.stringify({ main })}\n`);
  };
  /** A certificate of a key that was good until yesterday. */
  const expire = async (certificate: string, key: string): Promise<void> => {
    const request = join(work, 'request.csr');
    await succeed('openssl', ['req', '-new', '-key', key, '-subj', '/CN=localhost', '-out', request]);
    const signed = ['x509', '-req', '-in', request, '-signkey', key, '-days', '-1', '-out', certificate];
    await succeed('openssl', signed);
  };
  /** The mail server keeps what is delivered as mail_crypt leaves it. */
  const encryptFromNowOn = async (key: string): Promise<void> => {
    const settings = join(stack.places.root, 'config/dovecot/dovecot.conf');
    const publicKey = join(stack.places.run, 'ecpubkey.pem');
    const curve = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
    await succeed('openssl', ['genpkey', ...curve, '-out', key]);
    await succeed('openssl', ['pkey', '-in', key, '-pubout', '-out', publicKey]);
    const text = await readFile(settings, 'utf8');
    const plugin = [
      'mail_plugins = mail_crypt',
      'plugin {',
      `  mail_crypt_global_private_key = <${key}`,
      `  mail_crypt_global_public_key = <${publicKey}`,
      '  mail_crypt_save_version = 2',
      '}',
    ];
    const changed = text.replace('  mail_plugins = sieve', '  mail_plugins = sieve mail_crypt');
    await writeFile(settings, `${changed}${plugin.join('\n')}\n`);
    await stack.services.stop();
    await stack.services.start();
  };

  before(async () => {
    stack = await startMailStack();
    work = await mkdtemp('/var/tmp/mailkeep-test-');
    await succeed('chmod', ['711', work]);
    await writeFile(join(stack.person.folder, 'alice-password'), people['alice@example.com'].password, { mode: 0o600 });
    await configure();
    const { deliver, seenBy, asPerson } = stack.clients;
    for (let number = 0; number < 12; number++) {
      const to = everybody[number % 3] ?? '';
      await deliver(to, number % 4 === 0 ? `invoice ${number}` : `message ${number} 日本語`);
    }
    await until('the delivery', async () => {
      const seen = await Promise.all(everybody.map((name) => seenBy(name)));
      return seen.flatMap((one) => Object.values(one)).reduce((sum, { messages }) => sum + messages.length, 0) === 12;
    });
    await asPerson('alice@example.com', async (client) => {
      await client.mailboxCreate('仕事/Archive');
      await client.mailboxOpen('INBOX');
      await client.messageFlagsAdd('1:2', ['\\Seen', '\\Flagged', 'Important']);
      await client.messageMove('1', '仕事/Archive');
    });
    await night();
  });
  after(async () => {
    await stack[Symbol.asyncDispose]();
    await rm(work, { recursive: true, force: true });
  });

  test('B12: a good backup passes, with a report for people and one for programs, and nothing of the drill is left', async () => {
    const page = join(work, 'drill.html');
    // As a live server has them there; one that starts removes all that it finds in its folder for them.
    const temporaryTable = join(tmpdir(), '#sql-temptable-mailkeep-test.MAI');
    await writeFile(temporaryTable, 'of the live server');
    const { code, stdout, stderr } = await drill('--json', '--html', page);
    assert.equal(code, 0, stdout + stderr);
    assert.equal(await readFile(temporaryTable, 'utf8'), 'of the live server');
    await rm(temporaryTable);
    const [record] = recordsOf(stdout).filter(isMessageLine('drill'));
    assert.equal(record?.['verdict'], 'passed');
    assert.equal(record?.['messages'], 12);
    assert.equal(record?.['accounts'], 3);
    const { tables } = Object.assign({ tables: {} }, record);
    assert.equal(Object.assign({ 'roundcubemail.contacts': 0 }, tables)['roundcubemail.contacts'], 200);
    // Two aliases and two mailboxes of strangers' mail, and one of alice's, who logs in.
    assert.match(stdout, /"name":"mail-flow","outcome":"passed","looked":5,"findings":\[\],"found":0,"skips":\[\]/);
    assert.match(stdout, /"name":"users","outcome":"passed","looked":3/);
    assert.match(stdout, /"name":"webmail","outcome":"passed","looked":1/);
    // Alice, whose password is known.
    assert.match(stdout, /"name":"webmail-login","outcome":"passed","looked":1,"findings":\[\],"found":0,"skips":\[\]/);
    assert.match(await readFile(page, 'utf8'), /Drill passed: mailserver can be brought back/);
    assert.deepEqual(leftOver(work), []);
    const status = await stack.mailkeep('status');
    assert.match(status.stdout, /last drill passed/);
  });

  test('B12: a sample of what is in a repository is compared as a whole is, and tells what all of it would take; where no password is known, somebody logs in to webmail with one that is made up', async () => {
    await withRepository({ drill: JSON.stringify({ folder: work }) });
    const made = await stack.mailkeep('init', '-r', 'main');
    assert.equal(made.code, 0, made.stdout + made.stderr);
    await night();
    // As systemd starts it: what is made has to be open to the servers of the drill all the same.
    const mask = process.umask(0o077);
    const drilled = drill('--sample', '50%', '--from', 'repository');
    process.umask(mask);
    const { code, stdout, stderr } = await drilled;
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /alice@example\.com logged in to webmail with one that the drill has made up/);
    await withRepository();
    assert.match(stdout, /sample: \d+ of 12 messages \(50 %\)/);
    assert.match(stdout, /Earlier drills\n {4}\d{4}-\d\d-\d\d \d\d:\d\d: passed/);
  });

  test('B12: a message that is missing, one with a wrong hash, and a flag that is lost each fail with a sentence of their own', async () => {
    const folder = await damaged(async (copy) => {
      const [[first = ''], [other = '']] = [await messageFiles(copy, 'bob'), await messageFiles(copy, 'carol')];
      await rm(first);
      await flipByte(other);
      await rm(join(copy, 'mail/vmail/example.com/alice/Maildir/dovecot-keywords'));
    });
    const told = await assertFails(drill('--from', folder), /a message is missing: mail\/vmail\/example\.com\/bob\//);
    assert.match(told, /its hash is wrong\): mail\/vmail\/example\.com\/carol\//);
    assert.match(told, /alice@example\.com: INBOX: a message has lost a flag/);
  });

  test('B12: a table that was emptied, wrong password hashes, a DKIM key of another text, and an expired certificate, a table that webmail misses and a password that cannot be changed each fail with a sentence of their own, and a person is told', async () => {
    const { root } = stack.places;
    await stack.database.sql(
      'DELETE FROM contacts; DELETE FROM identities; RENAME TABLE session TO mislaid',
      'roundcubemail',
    );
    await stack.database.sql(
      "CREATE TABLE kept AS SELECT * FROM mailbox; UPDATE mailbox SET password = (SELECT password FROM kept WHERE username = 'bob@example.com') WHERE username = 'alice@example.com'; UPDATE mailbox SET password = LEFT(password, 20) WHERE username = 'carol@example.com'",
      'usermgmt',
    );
    await stack.database.sql(
      "INSERT INTO alias (address, goto, domain) VALUES ('info@example.com', 'gone@example.com', 'example.com')",
      'usermgmt',
    );
    // Nobody can change a password any more.
    await stack.database.sql(
      'CREATE TRIGGER kept_password BEFORE UPDATE ON mailbox FOR EACH ROW SET NEW.password = OLD.password',
      'usermgmt',
    );
    const record = join(root, 'config/opendkim/keys/example.com/default.txt');
    const text = await readFile(record, 'utf8');
    await writeFile(record, text.replace(/p=(.{40}).{4}/, 'p=$1AAAA'));
    const chain = await realpath(join(certificatePlace(root), 'fullchain.pem'));
    const certificate = await readFile(chain);
    await expire(chain, join(certificatePlace(root), 'privkey.pem'));
    await night();
    await stack.database.sql(
      "DROP TRIGGER kept_password; REPLACE INTO mailbox SELECT * FROM kept; DROP TABLE kept; DELETE FROM alias WHERE address = 'info@example.com'",
      'usermgmt',
    );
    await writeFile(record, text);
    await writeFile(chain, certificate);
    const told = await assertFails(
      drill(),
      /the table roundcubemail\.contacts is empty; it had 200 rows at the last good drill/,
    );
    assert.match(told, /alice@example\.com cannot log in\n/);
    assert.match(told, /carol@example\.com has no password hash that Dovecot knows/);
    assert.match(told, /the alias info@example\.com leads to gone@example\.com, which is nobody's address/);
    assert.match(told, /alice@example\.com cannot send mail: 535 /);
    assert.match(told, /a new user in usermgmt\.mailbox can still log in with the old password after it was changed/);
    assert.match(
      told,
      /the webmail roundcubemail cannot work with its restored database: .*Table 'roundcubemail\.session' doesn't exist\n/,
    );
    assert.match(told, /1 user of the webmail roundcubemail has lost the sender's address/);
    assert.match(told, /the DKIM key dkim\/.*default\.private does not match its public text dkim\/.*default\.txt/);
    assert.match(told, /the certificate ssl\/.*fullchain\.pem has expired on \d{4}-\d\d-\d\d/);
    const [mail = ''] = (await stack.postmaster.delivered(1)).slice(-1);
    assert.match(mail, /^Subject: \[ALERT\] Mailserver Recovery Drill Failed - /m);
    const status = await stack.mailkeep('status');
    assert.equal(status.code, 1, status.stdout + status.stderr);
    assert.match(status.stdout, /the drill of .* failed: the table roundcubemail\.contacts is empty/);
    await stack.database.sql(
      "INSERT INTO contacts (name, email, user_id) VALUES ('x', 'x@example.net', 1); INSERT INTO identities (user_id, name, email) VALUES (1, 'Alice', 'alice@example.com'); RENAME TABLE mislaid TO session",
      'roundcubemail',
    );
  });

  test('B12: encrypted mail without its key fails, and with it is opened; a new user who cannot log in is told, and that PHP for webmail is not installed', async () => {
    const { root, run } = stack.places;
    const key = join(run, 'ecprivkey.pem');
    await encryptFromNowOn(key);
    await stack.clients.deliver('bob@example.com', 'a secret');
    await until(
      'the delivery',
      async () => (await stack.clients.seenBy('bob@example.com'))['INBOX']?.messages.length === 5,
    );
    // And whoever is new gets another password than the one that was chosen.
    await stack.database.sql(
      "CREATE TRIGGER lost_password BEFORE INSERT ON mailbox FOR EACH ROW SET NEW.password = '{PLAIN}another'",
      'usermgmt',
    );
    await night();
    await stack.database.sql('DROP TRIGGER lost_password', 'usermgmt');
    const told = await assertFails(drill(), /a message is encrypted \(mail_crypt\), and the backup has no key for it/);
    assert.match(told, /a user that was created in usermgmt\.mailbox cannot log in/);
    await copyFile(key, join(root, 'config/dovecot/ecprivkey.pem'));
    await night();
    const PATH = await programsWithoutPhp(join(work, 'programs'));
    const parameters = ['drill', '--json', '--config', join(stack.person.folder, 'mailkeep.yaml')];
    const environment = { ...stack.database.variables, PATH };
    const { code, stdout, stderr } = await stack.person.run(parameters, { environment });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /"name":"mail-key","outcome":"passed","looked":1/);
    assert.match(
      stdout,
      /"name":"webmail-login","outcome":"skipped",.*"skips":\[\{"reason":"no-program","detail":"PHP \(php-cli\)"\}\]/,
    );
  });

  test('B12: what a drill that was killed has left is stopped and removed by the next, and Ctrl-C leaves nothing', async () => {
    const variables = { environment: stack.database.variables };
    const command = ['drill', '--config', join(stack.person.folder, 'mailkeep.yaml')];
    const database = async (): Promise<boolean> => {
      const lines = readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => commandOf(pid));
      return lines.some((line) => /^\S*mariadbd /.test(line) && line.includes(`--datadir=${work}/`));
    };
    const killed = stack.person.start(command, variables);
    const over = ended(killed);
    await until('the database of the drill', database);
    killed.kill('SIGKILL');
    await over;
    assert.equal(leftOver(work).length, 1);
    assert.ok(await database());
    const stopped = stack.person.start(command, variables);
    const end = ended(stopped);
    await until('another scratch folder', async () => leftOver(work).length === 1 && !(await database()));
    await until('another database', database);
    stopped.kill('SIGINT');
    const { code, stderr } = await end;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /1 drill that did not come to an end/);
    assert.deepEqual(leftOver(work), []);
    assert.equal(await database(), false);
  });
});
