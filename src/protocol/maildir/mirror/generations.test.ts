import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createTestRun } from '../../../contract/test-run.ts';
import { isExplained } from '../../../mail/direct/ledger.ts';
import { brakeReasons } from '../../../model/damage-brake.ts';
import { Fault } from '../../../model/fault.ts';
import { openMirror, type MirrorOptions, type MirrorReport } from './mirror.ts';
import { type MemoryServer, memoryServer, type ServerFolder } from './mirror-fixture.ts';

let directory = '';
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'mailkeep-mirror-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const run = createTestRun();
const judge: MirrorOptions['judge'] = (changes) => brakeReasons({ changes, isFirst: false });

const folder = (uidValidity: number, contents: readonly string[]): ServerFolder => ({
  uidValidity,
  messages: new Map(contents.map((content, at) => [at + 1, { content: `${content}\r\n` }])),
});

/** Beside other folders, so that one that was made anew does not hold the brake. */
const serverOf = (contents: readonly string[]): MemoryServer =>
  memoryServer({ INBOX: folder(7, contents), A: folder(1, ['a']), B: folder(2, ['b']), C: folder(3, ['c']) });

const night = async (server: MemoryServer, options: Partial<MirrorOptions> = {}): Promise<MirrorReport> => {
  server.read.length = 0;
  const mirror = await openMirror({ directory, account: 'work', judge, ...options }, run);
  try {
    return await mirror.apply(server.scan(), run);
  } finally {
    await mirror.close();
  }
};

/** The server refuses these UIDs. */
const refusing = (server: MemoryServer, refused: ReadonlySet<number>): MemoryServer => {
  const scan = server.scan();
  const fault = new Fault('server-refused', 'the server refused it');
  return {
    ...server,
    scan: () => ({
      ...scan,
      async *read(place, uids, run) {
        for await (const { pieces, ...delivery } of scan.read(place, uids, run)) {
          const verdicts = delivery.verdicts.map((one) =>
            refused.has(uids[one.request] ?? 0) ? { ...one, verdict: { kind: 'failed', fault } as const } : one,
          );
          yield { ...delivery, pieces, verdicts };
        }
      },
    }),
  };
};

/** UIDVALIDITY and text of each file of the inbox. */
const files = async (): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const name of await readdir(join(directory, 'cur')))
    found.push(`${name.slice(0, 1)} ${(await readFile(join(directory, 'cur', name), 'latin1')).trim()}`);
  return found.sort();
};

const inbox = ({ ledger }: MirrorReport) => {
  const found = ledger.folders.find(({ name }) => name === 'INBOX');
  assert.ok(found !== undefined && isExplained(found), JSON.stringify(found));
  return found;
};

describe('A3 A12: an earlier generation of a folder in a mirror', () => {
  test('stays, message by message, until each has come anew', async () => {
    const server = serverOf(['one', 'two', 'three', 'two']);
    await night(server);
    server.folders.set('INBOX', folder(8, ['one', 'two', 'three', 'two']));
    const report = await night(refusing(server, new Set([3, 4])));
    assert.deepEqual(await files(), ['7 three', '7 two', '7 two', '8 one', '8 two'], 'of two equal ones one has come');
    assert.deepEqual([report.removed, report.ledger.brake], [1, []]);
    assert.deepEqual([inbox(report).onServer, inbox(report).inSnapshot], [4, 5]);
    const { reason = '', kind } = inbox(report).differences.at(-1) ?? {};
    assert.deepEqual([kind, reason], ['carried', 'kept until it has come anew (of UIDVALIDITY 7)']);
    const next = await night(refusing(server, new Set([4])));
    assert.deepEqual([next.removed, await files()], [1, ['7 two', '7 two', '8 one', '8 three', '8 two']]);
    await night(server);
    assert.deepEqual(await files(), ['8 one', '8 three', '8 two', '8 two']);
    assert.equal(inbox(await night(server)).differences.length, 0);
  });

  test('stays also when somebody agrees, or what we know of it is lost', async () => {
    const server = serverOf(['one', 'two']);
    await night(server);
    server.folders.set('INBOX', folder(8, ['one', 'two']));
    for (const nights of [1, 2]) {
      await night(refusing(server, new Set([1, 2])), { judge: () => [] });
      assert.deepEqual(await files(), ['7 one', '7 two'], `night ${nights}`);
      await rm(join(directory, 'mailkeep'), { recursive: true });
    }
    await night(refusing(server, new Set([1])));
    assert.deepEqual(await files(), ['7 one', '8 two']);
    await night(server);
    assert.deepEqual(await files(), ['8 one', '8 two']);
  });

  test('leaves with what is gone from the server once all has come', async () => {
    const server = serverOf(['one', 'two', 'three']);
    await night(server);
    server.folders.set('INBOX', folder(8, ['one', 'two']));
    await night(refusing(server, new Set([2])));
    assert.deepEqual(await files(), ['7 three', '7 two', '8 one']);
    await night(server);
    assert.deepEqual(await files(), ['8 one', '8 two']);
  });
});

describe('A3: a server that parts the levels of its folders by another character', () => {
  const withDelimiter = (delimiter: string, folders: Readonly<Record<string, ServerFolder>>): MemoryServer =>
    memoryServer(Object.fromEntries(Object.entries(folders).map(([name, one]) => [name, { ...one, delimiter }])));
  const directories = async (): Promise<readonly string[]> =>
    (await readdir(directory)).filter((name) => name.startsWith('.')).sort();
  const tagged = (uidValidity: number): ServerFolder => ({
    uidValidity,
    messages: new Map([[5, { content: 'tagged\r\n', flags: ['Work', '\\Seen'] }]]),
  });
  const others = { INBOX: folder(7, ['one']), Sent: folder(3, ['s']) };

  test('a folder of the same name moves to its new directory, and nothing is fetched', async () => {
    await night(withDelimiter('/', { ...others, 'v1.2': tagged(9) }));
    assert.deepEqual(await directories(), ['.Sent', '.v1%2e2']);
    const server = withDelimiter('.', { ...others, 'v1.2': tagged(9) });
    const report = await night(server);
    assert.deepEqual([server.read, report.removed, report.ledger.brake], [[], 0, []]);
    assert.deepEqual(await directories(), ['.Sent', '.v1.2']);
    assert.deepEqual(
      (await readdir(join(directory, '.v1.2/cur'))).map((name) => name.replace(/^.*:2,/, '')),
      ['Sa'],
    );
    assert.equal(await readFile(join(directory, '.v1.2/dovecot-keywords'), 'latin1'), '0 Work\n');
    assert.match(await readFile(join(directory, '.v1.2/dovecot-uidlist'), 'latin1'), /^3 V9 N6 .*\n5 :9\./);
    const next = await night(server);
    assert.deepEqual([server.read, next.changes.find(({ folder }) => folder === 'v1.2')?.before], [[], 1]);
  });

  test('a folder that is called otherwise by that is the same one, and nothing is fetched or gone', async () => {
    await night(withDelimiter('/', { ...others, 'Work/a': tagged(9), 'Work/a/b': folder(10, ['b', 'c']) }));
    const server = withDelimiter('.', { ...others, 'Work.a': tagged(9), 'Work.a.b': folder(10, ['b', 'c']) });
    const report = await night(server);
    assert.deepEqual([server.read, report.removed, report.ledger.brake], [[], 0, []]);
    assert.deepEqual(
      report.changes.map(({ folder, before, gone }) => [folder, before, gone]).filter(([, before]) => before !== 0),
      [
        ['INBOX', 1, 0],
        ['Sent', 1, 0],
        ['Work.a', 1, 0],
        ['Work.a.b', 2, 0],
      ],
    );
    assert.deepEqual(await directories(), ['.Sent', '.Work.a', '.Work.a.b']);
    assert.match(await readFile(join(directory, '.Work.a/dovecot-uidlist'), 'latin1'), /^3 V9 N6 .*\n5 :9\./);
    assert.equal((await readdir(join(directory, '.Work.a/cur'))).length, 1);
    assert.deepEqual((await readdir(join(directory, 'mailkeep/folders'))).sort(), [
      'INBOX',
      'Sent',
      'Work.a',
      'Work.a.b',
    ]);
    await night(server);
    assert.deepEqual(server.read, []);
  });

  test('of another generation it is another folder: the old one leaves by the rules, and the new one keeps its list', async () => {
    await night(withDelimiter('/', { ...others, 'Work/a': folder(9, ['old']) }));
    const server = withDelimiter('.', { ...others, 'Work.a': folder(11, ['new']) });
    const held = await night(server, { judge: () => [{ kind: 'account-empty', before: 1 }] });
    assert.deepEqual([server.read, held.heldBack], [['Work.a 1'], 1]);
    assert.equal((await readdir(join(directory, '.Work.a/cur'))).length, 2);
    const report = await night(server);
    assert.deepEqual([server.read, report.removed], [[], 1]);
    assert.equal((await readdir(join(directory, '.Work.a/cur'))).length, 1);
    assert.match(await readFile(join(directory, '.Work.a/dovecot-uidlist'), 'latin1'), /^3 V11 /);
    assert.equal((await night(server)).removed, 0);
  });
});
