import assert from 'node:assert/strict';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPerson, type Person } from '../journey/program.ts';

const message = 'From: bob@example.com\r\nTo: alice@example.com\r\nSubject: Hello\r\n\r\nHello Alice\r\n';
const nobody = 65_534;

const isRoot = process.getuid?.() === 0;

describe('the drill of mail that lies in odd ways', { skip: isRoot ? false : 'Dovecot of a drill wants root' }, () => {
  let person: Person;
  let folder: string;
  let number = 0;

  before(async () => {
    person = await createPerson();
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-drill-mail-'));
    // The mail server of a drill gives up its rights.
    await chmod(folder, 0o755);
  });
  after(async () => {
    await person.leave();
    await rm(folder, { recursive: true, force: true });
  });

  /** A server with these files for mail, a night of it, and a drill. */
  const drill = async (files: Readonly<Record<string, string>>) => {
    const root = join(folder, String(number++));
    const [mail, disk] = [join(root, 'vmail'), join(root, 'disk')];
    await mkdir(mail, { recursive: true });
    await mkdir(disk);
    await writeFile(join(disk, '.mailkeep-disk'), '');
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(mail, path)), { recursive: true });
      await writeFile(join(mail, path), text);
      await chown(join(mail, path), nobody, nobody);
    }
    const server = {
      components: { mail: { folders: { vmail: mail } } },
      disk: { path: disk },
      drill: { folder: root },
    };
    const file = join(root, 'mailkeep.yaml');
    await writeFile(file, JSON.stringify({ version: 1, servers: { mx: server } }), { mode: 0o600 });
    const options = { environment: { MAILKEEP_CONFIG: file } };
    const night = await person.run(['run', 'mx', '--daily', '--quiet'], options);
    assert.equal(night.code, 0, night.stdout + night.stderr);
    return person.run(['drill', 'mx'], options);
  };

  test('B12: a drill does not pass on mail that is not there, or is no Maildir: nobody has seen a message of it', async () => {
    for (const files of [{}, { 'alice/storage/m.1': 'mdbox', 'alice/storage/dovecot.map.index': 'mdbox' }]) {
      const { code, stdout, stderr } = await drill(files);
      assert.equal(code, 1, stdout + stderr);
      assert.match(stdout, /^Drill FAILED: nobody has seen that mx comes back/);
      assert.match(stdout, /the component mail has no Maildir: it is empty, or its mail is of another format/);
    }
  });

  test('B12: a drill sees mail whose empty folders were not copied, and folders that lie in one another (LAYOUT=fs)', async () => {
    const { code, stdout, stderr } = await drill({
      'example.com/alice/cur/1700000001.M1P1.mail:2,S': message,
      'example.com/alice/Archive/2025/cur/1700000002.M2P1.mail:2,S': `${message}2`,
      'example.com/alice/.Sent/cur/1700000003.M3P1.mail:2,S': `${message}3`,
    });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^Drill passed: /);
    assert.match(stdout, /messages: good\n {4}3 messages/);
  });
});
