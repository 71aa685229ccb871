import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isMessageLine, recordsOf } from './json-lines.ts';
import { createPerson, describeTree, type Person } from '../journey/program.ts';
import type { CommandResult } from '../requirement/command.ts';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { openWriter, serverOf, type Writer } from './imap-account.ts';
import { mbsyncMirror, offlineImapMirror, type OldMirror } from './old-mirrors.ts';
import { type PresentedFile, presentedFiles } from './presented-maildir.ts';

const mail = (folder: string, count: number) =>
  Array.from({ length: count }, (_, number) => ({
    content:
      `Received: from a by b; ${number}\r\nFrom: a@example.org\r\nSubject: ${folder} ${number}\r\n` +
      `Message-ID: <${folder.length}.${number}@example.org>\r\n\r\nbody ${number}\r\n${'x'.repeat(number * 70)}\r\n`,
    date: 1_500_000_000 + number * 1000,
    flags: number % 3 === 0 ? ['\\Seen', 'Work'] : number % 3 === 1 ? ['\\Flagged'] : [],
  }));

const folders = ['INBOX', 'Lists', 'Lists/dev', 'Entwürfe', 'sp ace'];

describe('mirrors of OfflineIMAP and mbsync, taken over', () => {
  let dovecot: Dovecot;
  let writer: Writer;
  let person: Person;
  let total = 0;
  let mirrors = 0;

  const run = (...args: readonly string[]): Promise<CommandResult> =>
    person.run([...args, '--config', join(person.folder, 'mailkeep.yaml')]);

  /** An account whose mirror is a new folder; its name. */
  const newAccount = async (user = 'alice', more = ''): Promise<string> => {
    const name = `mirror${++mirrors}`;
    await configure(name, user, `, store: {mirror: ${name}}${more}`);
    return name;
  };

  const configure = async (name: string, user: string, more: string): Promise<void> => {
    const text = [
      'version: 1',
      'repositories: {main: {location: repository, password: {file: repository-password}}}',
      'accounts:',
      `  ${name}: {host: localhost, port: ${dovecot.tlsPort}, user: ${user}, certificateAuthority: ca.pem, ` +
        `login: {password: {file: imap-password}}${more}}`,
    ].join('\n');
    await writeFile(join(person.folder, 'mailkeep.yaml'), text, { mode: 0o600 });
  };

  const bodiesFetched = async (user = 'alice'): Promise<number> =>
    (await dovecot.commands(user)).filter((line) => /UID FETCH.*(?:BODY\.PEEK\[\]|BODY\[\]|RFC822[ )])/i.test(line))
      .length;

  const adopt = async (account: string, old: OldMirror, ...more: readonly string[]) => {
    const state = old.state === undefined ? [] : ['--state', old.state];
    const result = await run('adopt', account, '--from', old.folder, ...state, '--json', ...more);
    const records = recordsOf(result.stdout);
    return {
      result,
      plan: records.find(isMessageLine('plan')),
      summary: records.find(isMessageLine('summary')),
    };
  };

  const fetchedByRun = async (account: string): Promise<readonly [number, unknown]> => {
    const result = await run('run', account, '--json');
    assert.equal(result.code, 0, result.stdout + result.stderr);
    const record = recordsOf(result.stdout).find(isMessageLine('account'));
    return [Number(record?.['messages_fetched']), record?.['messages_in_snapshot']];
  };

  const contentOf = (account: string): readonly PresentedFile[] => presentedFiles(join(person.folder, account));

  let fetched: readonly PresentedFile[];

  /** All is taken over, the first run asks for no body, and the mirror is as one that came from the server. */
  const adoptedWhole = async (old: OldMirror): Promise<void> => {
    const before = describeTree(old.folder);
    const account = await newAccount();
    const bodies = await bodiesFetched();
    const { result, summary } = await adopt(account, old, '--yes');
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.equal(summary?.['messages_adopted'], total, result.stdout);
    assert.deepEqual(await fetchedByRun(account), [0, total]);
    assert.equal(await bodiesFetched(), bodies, 'a body was asked for');
    assert.deepEqual(contentOf(account), fetched);
    assert.deepEqual(describeTree(old.folder), before, 'the old tree was changed');
  };

  const place = (name: string): string => join(person.folder, 'old', name);

  before(async () => {
    person = await createPerson();
    dovecot = await startDovecot({});
    writer = await openWriter(serverOf(dovecot));
    for (const folder of folders.slice(1)) await writer.create(folder);
    for (const folder of folders) await writer.append(folder, mail(folder, 9));
    // So that the UIDs of mbsync are other ones than the server's.
    await dovecot.doveadm('expunge', '-u', 'alice', 'mailbox', 'INBOX', '3');
    await dovecot.doveadm('expunge', '-u', 'alice', 'mailbox', 'Lists/dev', '1:2');
    total = folders.length * 9 - 3;
    await writeFile(join(person.folder, 'ca.pem'), dovecot.certificateAuthority);
    for (const [name, secret] of [
      ['repository-password', 'geheim'],
      ['imap-password', 'secret'],
    ] as const) {
      await writeFile(join(person.folder, name), `${secret}\n`, { mode: 0o600 });
    }
    const account = await newAccount();
    assert.equal((await run('init', '-r', 'main')).code, 0);
    assert.deepEqual(await fetchedByRun(account), [total, total]);
    fetched = contentOf(account);
    assert.equal(fetched.length, total);
  });
  after(async () => {
    await writer.close();
    await dovecot.stop();
    await person.leave();
  });

  test('A5: OfflineIMAP, folders parted by dots', async () => {
    await adoptedWhole(await offlineImapMirror(dovecot, place('offlineimap')));
  });

  test('A5: OfflineIMAP, folders within folders', async () => {
    await adoptedWhole(await offlineImapMirror(dovecot, place('offlineimap-nested'), { local: 'sep = /' }));
  });

  test('A5: mbsync, SubFolders Verbatim', async () => {
    await adoptedWhole(await mbsyncMirror(dovecot, place('verbatim'), 'Verbatim'));
  });

  test('A5: mbsync, SubFolders Maildir++, the inbox in the root', async () => {
    await adoptedWhole(await mbsyncMirror(dovecot, place('maildir++'), 'Maildir++'));
  });

  test('A5: mbsync, SubFolders Legacy', async () => {
    await adoptedWhole(await mbsyncMirror(dovecot, place('legacy'), 'Legacy'));
  });

  test('A5: mbsync with its state elsewhere, and with the sides exchanged', async () => {
    await adoptedWhole(await mbsyncMirror(dovecot, place('state'), 'Verbatim', { stateFolder: place('states') }));
    await adoptedWhole(
      await mbsyncMirror(dovecot, place('reversed'), 'Verbatim', {
        stateFolder: place('reversed-states'),
        reversed: true,
      }),
    );
  });

  /** What the mirror has after the next run, and that it is what a fetch of the whole account gives. */
  const completed = async (account: string, user: string, left: number): Promise<number> => {
    const [count, stored] = await fetchedByRun(account);
    assert.equal(count, left);
    const mirrored = contentOf(account);
    assert.equal(mirrored.length, stored);
    const whole = await newAccount(user);
    await fetchedByRun(whole);
    assert.deepEqual(mirrored, contentOf(whole));
    return mirrored.length;
  };

  test('A5: what was changed, moved, doubled or renumbered since is told, and fetched by the next run', async () => {
    const bob = await openWriter(serverOf(dovecot), 'bob');
    for (const folder of ['Lists', 'Sent']) await bob.create(folder);
    for (const [folder, count] of [
      ['INBOX', 6],
      ['Lists', 4],
      ['Sent', 3],
    ] as const)
      await bob.append(folder, mail(folder, count));
    const old = await offlineImapMirror(dovecot, place('messy'), {
      user: 'bob',
      remote: "nametrans = lambda name: 'gesendet' if name == 'Sent' else name",
    });
    const files = new Map<string, string>();
    for (const path of await readdir(join(old.folder, 'INBOX'), { recursive: true })) {
      const uid = /,U=(\d+),/.exec(path)?.[1];
      if (uid !== undefined) files.set(uid, join(old.folder, 'INBOX', path));
    }
    const file = (uid: number): string => files.get(String(uid)) ?? '';
    await truncate(file(1), 100);
    await writeFile(file(2), (await readFile(file(2), 'latin1')).replace('Subject: INBOX', 'Subject: INBAX'));
    await rename(file(3), join(old.folder, 'INBOX', 'cur', '1700000000.1_1.host:2,S'));
    await rename(file(4), file(4).replace('/INBOX/', '/Lists/'));
    await copyFile(file(5), file(5).replace('_', '_9'));
    await dovecot.doveadm('mailbox', 'delete', '-u', 'bob', 'Lists');
    await bob.create('Lists');
    await bob.append('Lists', mail('Lists', 4));
    await bob.close();
    const account = await newAccount('bob');
    const unmapped = await adopt(account, old, '--dry-run');
    assert.deepEqual(fatesOf(unmapped.plan)['Sent'], [0, 3, 0, 'no-folder']);
    const { result, plan, summary } = await adopt(account, old, '--yes', '--map-folder', 'gesendet=Sent');
    assert.equal(result.code, 0, result.stderr);
    assert.deepEqual(fatesOf(plan), {
      INBOX: [1, 5, 2, ''],
      Lists: [0, 4, 0, 'renumbered'],
      Sent: [3, 0, 0, ''],
    });
    assert.equal(summary?.['messages_left'], 9);
    await completed(account, 'bob', 9);
  });

  test('A5: another body of the same size under the same header is found by --verify, and nothing is taken over', async () => {
    const old = await mbsyncMirror(dovecot, place('edited'), 'Verbatim', { user: 'bob' });
    for (const path of await readdir(join(old.folder, 'Sent'), { recursive: true })) {
      if (!/^(?:cur|new)\/./.test(path)) continue;
      const text = await readFile(join(old.folder, 'Sent', path), 'latin1');
      await writeFile(join(old.folder, 'Sent', path), text.replace('body', 'BODY'));
    }
    const account = await newAccount('bob');
    const refused = await adopt(account, old, '--yes', '--verify', '1000');
    assert.deepEqual([refused.result.code, /3 of 13 messages/.test(refused.result.stderr)], [1, true]);
    await assert.rejects(stat(join(person.folder, account)));
  });

  test('A5: a tree in whose middle mbsync was killed is taken over as far as its state tells', async () => {
    const bob = await openWriter(serverOf(dovecot), 'bob');
    await bob.append('INBOX', mail('INBOX more', 150));
    await bob.close();
    const old = await mbsyncMirror(dovecot, place('killed'), 'Maildir++', {
      user: 'bob',
      isCutOff: (messages) => messages >= 60,
    });
    const account = await newAccount('bob');
    const bodies = await bodiesFetched('bob');
    const { result, summary } = await adopt(account, old, '--yes');
    assert.equal(result.code, 0, result.stderr);
    assert.equal(await bodiesFetched('bob'), bodies);
    const left = Number(summary?.['messages_left']);
    assert.equal(Number(summary?.['messages_adopted']) + left, await completed(account, 'bob', left));
  });

  test('A5: a plan alone writes nothing; without a terminal it needs --yes; a second time there is nothing to do', async () => {
    const old = await mbsyncMirror(dovecot, place('plan'), 'Verbatim');
    const account = await newAccount('alice', ', folders: {exclude: [Lists]}');
    const planned = await adopt(account, old, '--dry-run');
    assert.equal(planned.result.code, 0, planned.result.stderr);
    assert.equal(planned.summary?.['outcome'], 'planned');
    assert.deepEqual(
      new Set(unusedOf(planned.plan)),
      new Set(['Lists', 'Lists/dev']),
      'what the filter leaves out is told',
    );
    const asked = await adopt(account, old);
    assert.deepEqual([asked.result.code, /--yes/.test(asked.result.stderr)], [2, true]);
    await assert.rejects(stat(join(person.folder, account)), 'nothing was written');
    const bodies = await bodiesFetched();
    const verified = await adopt(account, old, '--yes', '--verify', '3');
    assert.equal(verified.summary?.['messages_compared'], 3, verified.result.stderr);
    assert.ok((await bodiesFetched()) > bodies);
    const wanted = total - 9 - 7;
    assert.equal(verified.summary?.['messages_adopted'], wanted);
    const again = await adopt(account, old, '--yes');
    const present = foldersOf(again.plan).reduce((sum, folder) => sum + Number(folder['messages_present']), 0);
    assert.deepEqual([again.result.code, again.summary?.['messages_adopted'], present], [0, 0, wanted]);
    const text = await person.run(
      ['adopt', account, '--from', old.folder, '-n', '--config', join(person.folder, 'mailkeep.yaml')],
      { environment: { MAILKEEP_LANG: 'ja' } },
    );
    assert.match(text.stdout, /Entwürfe（元: Entwürfe）: 9 通のうち 0 通/);
  });

  test('A5: the mirror lies apart from the old tree, and a run never fetches into one', async () => {
    const old = await offlineImapMirror(dovecot, place('apart'));
    const account = await newAccount();
    await configure(account, 'alice', `, store: {mirror: ${JSON.stringify(old.folder)}}`);
    const before = describeTree(old.folder);
    const inside = await adopt(account, old, '--yes');
    assert.deepEqual([inside.result.code, /the same folder/.test(inside.result.stderr)], [2, true]);
    const fetching = await run('run', account);
    assert.equal(fetching.code, 1);
    assert.match(fetching.stdout, /OfflineIMAP or mbsync has filled[^]*mailkeep adopt mirror\d+ --from/);
    assert.deepEqual(describeTree(old.folder), before);
    await configure(account, 'alice', '');
    const direct = await adopt(account, old);
    assert.deepEqual([direct.result.code, /it has no mirror/.test(direct.result.stderr)], [2, true]);
    const nothing = await newAccount();
    const empty = await run('adopt', nothing, '--from', join(person.folder, 'home'));
    assert.deepEqual([empty.code, /there are no messages of OfflineIMAP or mbsync/.test(empty.stderr)], [2, true]);
  });
});

type Fields = Readonly<Record<string, unknown>>;

const listOf = (plan: Fields | undefined, name: string): readonly Fields[] => {
  const value = plan?.[name];
  return Array.isArray(value) ? value.filter((one): one is Fields => typeof one === 'object') : [];
};

const foldersOf = (plan: Fields | undefined): readonly Fields[] => listOf(plan, 'folders');
const unusedOf = (plan: Fields | undefined): readonly unknown[] => listOf(plan, 'unused').map(({ from }) => from);

const fatesOf = (plan: Fields | undefined): Readonly<Record<string, readonly unknown[]>> =>
  Object.fromEntries(
    foldersOf(plan).map(({ folder, messages_adopted: adopted, messages_left: left, ...more }) => [
      String(folder),
      [adopted, left, more['messages_differing'], more['hindrance'] ?? ''],
    ]),
  );
