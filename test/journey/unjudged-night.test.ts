import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { CommandResult } from '../requirement/command.ts';
import { createPerson, type Person } from './program.ts';

const listing = z.array(z.object({ tags: z.array(z.string()).optional() }));

/** A server whose only destination is a repository, in which what the next night is compared with is lost. */
describe('a night of a server that cannot be judged', () => {
  let person: Person;
  const inFolder = (name: string): string => join(person.folder, name);
  const mailkeep = (...args: readonly string[]): Promise<CommandResult> =>
    person.run([...args, '--config', inFolder('mailkeep.yaml')]);
  const packs = (): readonly string[] =>
    readdirSync(inFolder('repository/data')).flatMap((name) =>
      readdirSync(inFolder(`repository/data/${name}`)).map((pack) => inFolder(`repository/data/${name}/${pack}`)),
    );
  const tagsOfNewest = async (): Promise<readonly string[]> => {
    const { stdout } = await mailkeep('snapshots', '--json', '-r', 'main');
    return listing.parse(JSON.parse(stdout)).at(-1)?.tags ?? [];
  };
  const mail = async (): Promise<string> => readFile(inFolder('mails'), 'utf8').catch(() => '');

  before(async () => {
    person = await createPerson();
    await mkdir(inFolder('server/vmail/alice/cur'), { recursive: true });
    for (let number = 0; number < 20; number++) {
      const name = `server/vmail/alice/cur/${1_700_000_000 + number}.host:2,S`;
      await writeFile(inFolder(name), `From: a@example.org\nSubject: ${number}\n\nbody ${number}\n`);
    }
    await writeFile(inFolder('password'), 'geheim\n', { mode: 0o600 });
    await writeFile(inFolder('sendmail'), `#!/bin/sh\ncat >> ${inFolder('mails')}\n`, { mode: 0o755 });
    const lines = [
      'version: 1',
      'repositories: {main: {location: repository, password: {file: password}}}',
      `notifications: [{mail: {to: [admin@example.com], by: {sendmail: ${inFolder('sendmail')}}}, when: trouble}]`,
      'servers:',
      '  mailserver:',
      `    root: ${inFolder('server')}`,
      '    repository: main',
      '    components: {mail: {folders: {vmail: vmail}}}',
      '    retries: []',
      '    gentle: {cpu: 100%}',
    ];
    await writeFile(inFolder('mailkeep.yaml'), `${lines.join('\n')}\n`, { mode: 0o600 });
    assert.equal((await mailkeep('init', '-r', 'main')).code, 0);
    const first = await mailkeep('run');
    assert.equal(first.code, 0, first.stdout + first.stderr);
  });
  after(() => person.leave());

  test('B3: it is braked, and log, mail, status and exit code say what happened, why and what to do', async () => {
    // All trees of the snapshot; the next night stores anew what it needs of it.
    for (const pack of packs()) rmSync(pack);
    await writeFile(inFolder('server/vmail/alice/cur/1800000000.host:2,S'), 'Subject: new\n\nnew\n');
    const night = await mailkeep('run');
    assert.equal(night.code, 1, night.stdout + night.stderr);
    const sentence = /could not be compared with the last good snapshot, so the brake holds, and nothing older leaves/;
    assert.match(night.stdout, sentence);
    assert.match(night.stdout, /say so once: `mailkeep run mailserver --confirm`/);
    assert.deepEqual(await tagsOfNewest(), ['mailkeep:server=mailserver', 'mailkeep:braked']);
    const log = readFileSync(join(person.home, '.local/state/mailkeep/log/mailkeep-error.log'), 'utf8');
    assert.match(log, sentence);
    const told = (await mail()).replace(/=\n/g, '').replace(/\n +/g, ' ');
    assert.match(told, sentence);
    assert.match(told, /mailkeep run mailserver --confirm/);
    const status = await mailkeep('status');
    assert.equal(status.code, 1);
    assert.match(status.stdout.replace(/\s+/g, ' '), /could not be compared with the one before, so the brake holds/);
  });

  test('B3: a person who has looked lets it go, and the next night is judged', async () => {
    const confirmed = await mailkeep('run', 'mailserver', '--confirm');
    assert.match(confirmed.stderr, /counts as right, as was confirmed/);
    // The lost packs are still told.
    assert.equal(confirmed.code, 1);
    assert.deepEqual(await tagsOfNewest(), ['mailkeep:server=mailserver', 'mailkeep:confirmed']);
    const status = await mailkeep('status');
    assert.doesNotMatch(status.stdout, /brake/);
    assert.equal((await mailkeep('run')).code, 1);
    assert.deepEqual(await tagsOfNewest(), ['mailkeep:server=mailserver']);
  });
});
