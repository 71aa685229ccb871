import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createPerson, type Person } from '../journey/program.ts';
import { type CommandResult, runCommand, succeed } from '../requirement/command.ts';

const launcher = fileURLToPath(new URL('../../bin/mailkeep.js', import.meta.url));

describe('labels of SELinux', { skip: process.getuid?.() === 0 ? false : 'they are for root' }, () => {
  let folder: string;
  let person: Person;
  const labels = {
    'mail/new/1': 'system_u:object_r:mail_spool_t:s0',
    config: 'system_u:object_r:etc_mail_t:s0',
    'config/main.cf': 'unconfined_u:object_r:etc_mail_t:s0:c1,c2',
  };
  const root = (): string => join(folder, 'mailserver');
  const labelOf = (path: string): Promise<string> =>
    succeed('getfattr', ['--only-values', '--absolute-names', '-n', 'security.selinux', path]);
  const labelsBelow = async (place: string): Promise<unknown> =>
    Object.fromEntries(
      await Promise.all(Object.keys(labels).map(async (path) => [path, await labelOf(join(place, path))])),
    );
  const mailkeep = (...args: readonly string[]): Promise<CommandResult> =>
    person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')]);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mailkeep-labels-'));
    person = await createPerson();
    for (const place of ['mail/new', 'mail/cur', 'mail/tmp', 'config']) {
      await mkdir(join(root(), place), { recursive: true });
    }
    await writeFile(join(root(), 'mail/new/1'), 'Subject: one\r\n\r\nbody\r\n');
    await writeFile(join(root(), 'config/main.cf'), 'myhostname = mail.example.com\n');
    for (const [path, label] of Object.entries(labels)) {
      await succeed('setfattr', ['-n', 'security.selinux', '-v', label, join(root(), path)]);
    }
    await mkdir(join(folder, 'disk'));
    await writeFile(join(folder, 'disk/.mailkeep-disk'), '');
    await writeFile(join(person.folder, 'password'), 'of the repository\n', { mode: 0o600 });
    const lines = [
      'version: 1',
      `repositories: {main: {location: ${folder}/repository, password: {file: password}}}`,
      'servers:',
      '  mailserver:',
      `    root: ${root()}`,
      '    components:',
      '      mail: {folders: {mail: mail}}',
      '      config: {folders: {config: config}}',
      `    disk: {path: ${folder}/disk, reserve: 1M}`,
      '    repository: main',
      '    gentle: {nice: 0, cpu: 100%, io: normal}',
    ];
    await writeFile(join(person.folder, 'mailkeep.yaml'), `${lines.join('\n')}\n`, { mode: 0o600 });
    for (const args of [
      ['init', '-r', 'main'],
      ['run', 'mailserver', '--daily'],
    ]) {
      const done = await mailkeep(...args);
      assert.equal(done.code, 0, done.stdout + done.stderr);
    }
  });
  after(async () => {
    await person.leave();
    await rm(folder, { recursive: true, force: true });
  });

  for (const from of ['latest', 'repository']) {
    test(`B13: a tree and an archive have theirs again from the ${from === 'latest' ? 'disk' : from}`, async () => {
      const into = join(folder, `from-${from}`);
      const back = await mailkeep('restore', '--from', from, '--component', 'all', '--into', into);
      assert.equal(back.code, 0, back.stdout + back.stderr);
      assert.deepEqual(await labelsBelow(join(into, root())), labels);
    });
  }

  test('B13: one that was lost is a difference, and is set again in place', async () => {
    await succeed('setfattr', ['-x', 'security.selinux', join(root(), 'config/main.cf')]);
    const differs = await mailkeep('restore', '--from', 'latest', '--component', 'config', '--compare');
    assert.equal(differs.code, 1, differs.stdout);
    const back = await mailkeep('restore', '--from', 'latest', '--component', 'config', '--yes');
    assert.equal(back.code, 0, back.stdout + back.stderr);
    assert.deepEqual(await labelsBelow(root()), labels);
  });

  test('B13: where SELinux is enforcing restorecon is called for what was restored; a program that notes it stands in, and a file says that it is enforcing', async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'restorecon'), `#!/bin/sh\nprintf '%s\\n' "$@" >> ${folder}/called\n`);
    await chmod(join(bin, 'restorecon'), 0o755);
    const prepare =
      'mount -t tmpfs none /sys/fs && mkdir /sys/fs/selinux && echo 1 > /sys/fs/selinux/enforce && exec "$@"';
    const restore = ['restore', '--from', 'latest', '--component', 'config', '--yes'];
    const command = [process.execPath, launcher, ...restore, '--config', join(person.folder, 'mailkeep.yaml')];
    const PATH = [bin, person.environment['PATH']].join(delimiter);
    const back = await runCommand('unshare', ['--mount', 'sh', '-c', prepare, 'sh', ...command], {
      env: { ...person.environment, PATH },
    });
    assert.equal(back.code, 0, back.stdout + back.stderr);
    assert.equal(readFileSync(join(folder, 'called'), 'utf8'), `-R\n--\n${join(root(), 'config')}\n`);
  });
});
