import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rename, rm, stat, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createTestRun } from '../../../contract/test-run.ts';
import { brakeReasons, usualBrakeLimits } from '../../../model/damage-brake.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { encodeLedger, isExplained, parseLedger } from '../../../mail/direct/ledger.ts';
import { openMirror, type MirrorOptions, type MirrorReport } from './mirror.ts';
import { type MemoryServer, memoryServer } from './mirror-fixture.ts';

let directory = '';
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'mailkeep-mirror-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const run = createTestRun();

const sync = async (server: MemoryServer, options: Partial<MirrorOptions> = {}): Promise<MirrorReport> => {
  server.read.length = 0;
  const mirror = await openMirror({ directory, account: 'work', judge: () => [], ...options }, run);
  try {
    return await mirror.apply(server.scan(), run);
  } finally {
    await mirror.close();
  }
};

const server = (): MemoryServer =>
  memoryServer({
    INBOX: {
      uidValidity: 7,
      messages: new Map([
        [3, { content: 'one\r\n', flags: ['\\Seen', 'Work'], date: 1_000_000_000 }],
        [4, { content: 'two\r\nlines\r\n' }],
        [5000, { content: 'three\r\n', flags: ['\\Flagged', '$Forwarded'] }],
      ]),
    },
    'Lists/v1.2': { uidValidity: 9, messages: new Map([[1, { content: 'list\r\n' }]]) },
  });

/** Folder, UID, letters and text of every message. */
const contents = async (): Promise<string[]> => {
  const found: string[] = [];
  for (const path of await readdir(directory, { recursive: true })) {
    const match = /^(.*?)\/?(cur|new)\/\d+\.(\d+)\.\w+\.mailkeep,S=(\d+),W=\d+:2,(\w*)$/.exec(path);
    if (match === null) continue;
    const text = await readFile(join(directory, path), 'latin1');
    assert.equal(text.length, Number(match[4]));
    found.push(`${match[1]} ${Number(match[3])} ${match[5]} ${text.trim().replaceAll('\r\n', '/')}`);
  }
  return found.sort();
};

const whole = [' 3 Sa one', ' 4  two/lines', ' 5000 FPb three', '.Lists.v1%2e2 1  list'];

const names = async (): Promise<string[]> => (await readdir(join(directory, 'cur'))).sort();

const uidList = async (): Promise<string[]> =>
  (await readFile(join(directory, 'dovecot-uidlist'), 'latin1'))
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/ :.*| G.*/, ''));

describe('A4: a mirror on disk', () => {
  test('holds every message with its flags, keywords, date and UID', async () => {
    const report = await sync(server());
    assert.deepEqual(await contents(), whole);
    assert.deepEqual(report.fetched, { messages: 4, bytes: 30 });
    assert.deepEqual(await uidList(), ['3 V7 N5001', '3', '4', '5000']);
    assert.equal(await readFile(join(directory, 'dovecot-keywords'), 'utf8'), '0 Work\n1 $Forwarded\n');
    assert.equal(await readFile(join(directory, 'subscriptions'), 'utf8'), 'V\t2\n\nINBOX\nLists\tv1%2e2\n');
    const [first = ''] = await names();
    assert.equal((await stat(join(directory, 'cur', first))).mtimeMs, 1_000_000_000_000);
    assert.equal((await stat(join(directory, 'cur', first))).mode & 0o777, 0o600);
    assert.ok(report.ledger.folders.every(isExplained));
    assert.deepEqual(await readdir(join(directory, 'tmp')), []);
  });

  test('fetches nothing when nothing changed, and follows flags by renaming', async () => {
    const account = server();
    await sync(account);
    assert.deepEqual((await sync(account)).fetched, { messages: 0, bytes: 0 });
    account.folders.get('INBOX')?.messages.set(4, { content: 'two\r\nlines\r\n', flags: ['\\Answered', 'Work'] });
    const report = await sync(account);
    assert.deepEqual([report.fetched.messages, report.flagsChanged], [0, 1]);
    assert.deepEqual(await contents(), whole.with(1, ' 4 Ra two/lines'));
  });

  test('A2 follows deletions of messages and folders', async () => {
    const account = server();
    await sync(account);
    account.folders.get('INBOX')?.messages.delete(5000);
    account.folders.delete('Lists/v1.2');
    const report = await sync(account);
    assert.equal(report.removed, 2);
    assert.deepEqual(await contents(), whole.slice(0, 2));
    assert.equal((await readdir(directory)).includes('.Lists.v1%2e2'), false);
    assert.equal((await sync(account)).removed, 0);
    assert.deepEqual(await uidList(), ['3 V7 N5', '3', '4', '5000'].slice(0, 3));
  });

  test('A8 removes nothing as long as nobody agrees, and asks again', async () => {
    const account = server();
    await sync(account);
    account.folders.get('INBOX')?.messages.clear();
    const judge: MirrorOptions['judge'] = (changes) =>
      brakeReasons({ changes, isFirst: false }, { ...usualBrakeLimits, goneMessages: 3 });
    const first = await sync(account, { judge });
    assert.equal(first.heldBack, 3);
    assert.deepEqual(first.ledger.brake[0], { kind: 'account-gone', gone: 3, before: 4 });
    const again = await sync(account, { judge });
    assert.equal(again.heldBack, 3);
    for (const { ledger } of [first, again]) {
      const inbox = ledger.folders.find(({ name }) => name === 'INBOX');
      assert.ok(inbox !== undefined && isExplained(inbox));
      assert.deepEqual([inbox.onServer, inbox.inSnapshot], [0, 3], 'what is held back is in the snapshot');
      const reason = 'gone from the server, and kept as the damage brake holds';
      assert.deepEqual(inbox.differences, [{ uids: '3:4,5000', kind: 'carried', reason }]);
    }
    assert.deepEqual(await contents(), whole);
    assert.equal((await sync(account)).removed, 3);
    assert.deepEqual(await contents(), whole.slice(3));
  });

  test('A8 a folder that is gone and one of another generation are in the ledger as long as they are held back', async () => {
    const account = server();
    await sync(account);
    account.folders.delete('Lists/v1.2');
    const inbox = account.folders.get('INBOX');
    assert.ok(inbox !== undefined);
    inbox.uidValidity = 8;
    const { ledger } = await sync(account, { judge: () => [{ kind: 'account-empty', before: 1 }] });
    assert.ok(ledger.folders.every(isExplained));
    const counts = ledger.folders.map(({ name, onServer, inSnapshot }) => [name, onServer, inSnapshot]);
    assert.deepEqual(counts, [
      ['INBOX', 3, 6],
      ['Lists/v1.2', 0, 1],
    ]);
    assert.match(ledger.folders[0]?.differences[0]?.reason ?? '', /of UIDVALIDITY 7/);
    assert.deepEqual(parseLedger(encodeLedger(ledger)), ledger);
    const after = await sync(account);
    assert.deepEqual([after.removed, after.ledger.folders.length], [4, 1]);
  });

  test('A3 a new UIDVALIDITY is a new generation, and the old one leaves when it is whole', async () => {
    const account = server();
    await sync(account);
    const inbox = account.folders.get('INBOX');
    assert.ok(inbox !== undefined);
    inbox.uidValidity = 8;
    inbox.messages.set(3, { content: 'another\r\n' });
    const report = await sync(account);
    assert.deepEqual([report.fetched.messages, report.removed], [3, 3]);
    assert.deepEqual(await contents(), [' 3  another', ...whole.slice(1)]);
    assert.equal((await uidList())[0], '3 V8 N5001');
  });

  test('A12 a folder that cannot be read stays as it is', async () => {
    const account = server();
    await sync(account);
    const inbox = account.folders.get('INBOX');
    assert.ok(inbox !== undefined);
    inbox.fault = new Fault('server-unavailable', 'the server hung up');
    const report = await sync(account);
    assert.deepEqual(await contents(), whole);
    assert.equal(report.removed, 0);
    assert.equal(await readFile(join(directory, 'subscriptions'), 'utf8'), 'V\t2\n\nINBOX\nLists\tv1%2e2\n');
  });

  test('a run that ends at any message goes on where it was, with no message twice', async () => {
    for (const stop of [3, 4, 5000]) {
      await rm(directory, { recursive: true, force: true });
      const account = server();
      account.onRead = (_name, uid) => {
        if (uid === stop) throw new Fault('server-unavailable', 'gone');
      };
      await assert.rejects(sync(account), (error) => isFault(error, 'server-unavailable'));
      account.onRead = () => undefined;
      const report = await sync(account);
      assert.deepEqual(await contents(), whole);
      assert.deepEqual(await readdir(join(directory, 'tmp')), []);
      // UID 5000 is in a block of its own: the first block is whole by then.
      assert.equal(report.fetched.messages, stop === 5000 ? 2 : 4);
    }
  });

  test('what we know of it can be lost: names and messages tell it again', async () => {
    const account = server();
    await sync(account);
    await rm(join(directory, 'mailkeep'), { recursive: true });
    await rm(join(directory, 'dovecot-uidlist'));
    const report = await sync(account);
    assert.deepEqual(report.fetched, { messages: 0, bytes: 0 });
    assert.deepEqual(await contents(), whole);
    assert.deepEqual(await uidList(), ['3 V7 N5001', '3', '4', '5000']);
  });

  test('a message that is cut off, or missing, is noticed and fetched again', async () => {
    const account = server();
    await sync(account);
    const [first = '', second = ''] = await names();
    await truncate(join(directory, 'cur', first), 1);
    await unlink(join(directory, 'cur', second));
    const report = await sync(account);
    assert.equal(report.fetched.messages, 2);
    assert.deepEqual(await contents(), whole);
    assert.ok(run.events.some((event) => event.kind === 'fault' && event.fault.code === 'entry-changed'));
  });

  test('what a mail program changed here becomes as the server has it, and what it stored here stays', async () => {
    const account = server();
    await sync(account);
    const [first = ''] = await names();
    await rename(join(directory, 'cur', first), join(directory, 'cur', first.replace(/:2,.*/, ':2,T')));
    await writeFile(join(directory, 'cur', '1234.host:2,S'), 'draft');
    const report = await sync(account);
    assert.deepEqual([report.fetched.messages, report.foreign], [0, 1]);
    assert.deepEqual(await contents(), whole);
    assert.ok((await names()).includes('1234.host:2,S'));
  });

  test('two runs at once are refused, and the lock of a run that is over is not in the way', async () => {
    const mirror = await openMirror({ directory, account: 'work', judge: () => [] }, run);
    await assert.rejects(sync(server()), (error) => isFault(error, 'repository-locked'));
    await mirror.close();
    const stale = { pid: 1, start: '0', boot: 'x', namespace: 'pid:[4026531836]', machine: 'y' };
    await writeFile(join(directory, 'mailkeep', 'lock'), JSON.stringify(stale));
    await assert.rejects(sync(server()), (error) => isFault(error, 'repository-locked'), 'of another machine');
    await rm(join(directory, 'mailkeep', 'lock'));
    await sync(server());
  });

  test('a message that the server refuses is in the ledger, and the others come', async () => {
    const account = server();
    const scan = account.scan();
    const refusing = {
      ...account,
      scan: () => ({
        ...scan,
        async *read(...args: Parameters<typeof scan.read>) {
          for await (const delivery of scan.read(...args)) {
            const verdicts = delivery.verdicts.map((one) =>
              args[1][one.request] === 4
                ? {
                    ...one,
                    verdict: { kind: 'failed', fault: new Fault('server-refused', 'the server refused it') } as const,
                  }
                : one,
            );
            yield { ...delivery, verdicts };
          }
        },
      }),
    };
    const report = await sync(refusing);
    assert.deepEqual(await contents(), whole.toSpliced(1, 1));
    const inbox = report.ledger.folders.find(({ name }) => name === 'INBOX');
    assert.deepEqual(inbox?.differences, [{ uid: 4, kind: 'missing', reason: 'the server refused it' }]);
    assert.ok(inbox !== undefined && isExplained(inbox));
    assert.equal((await sync(account)).fetched.messages, 1);
    assert.deepEqual(await contents(), whole);
  });
});
