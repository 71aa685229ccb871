import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createTestRun } from '../../../contract/test-run.ts';
import { isExplained } from '../../../mail/direct/ledger.ts';
import { brakeReasons } from '../../../model/damage-brake.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { openMirror, type MirrorOptions, type MirrorReport } from './mirror.ts';
import { type MemoryServer, memoryServer, type ServerMessage } from './mirror-fixture.ts';

let directory = '';
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'mailkeep-mirror-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const run = createTestRun();
const braking: MirrorOptions['judge'] = (changes) => brakeReasons({ changes, isFirst: false });

const night = async (server: MemoryServer, options: Partial<MirrorOptions> = {}): Promise<MirrorReport> => {
  server.read.length = 0;
  const mirror = await openMirror({ directory, account: 'work', judge: braking, ...options }, run);
  try {
    return await mirror.apply(server.scan(), run);
  } finally {
    await mirror.close();
  }
};

const serverOf = (...contents: readonly string[]): MemoryServer =>
  memoryServer({
    INBOX: { uidValidity: 7, messages: new Map(contents.map((content, at) => [at + 1, { content }])) },
  });

const set = (server: MemoryServer, uid: number, message: ServerMessage): void => {
  server.folders.get('INBOX')?.messages.set(uid, message);
};

/** UID, which body under it, and text of every file. */
const bodies = async (): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const name of await readdir(join(directory, 'cur'))) {
    const match = /^7\.(\d{10})\.\w+\.mailkeep(?:,B=(\d+))?,S=(\d+),W=\d+:2,\w*$/.exec(name);
    const text = await readFile(join(directory, 'cur', name), 'latin1');
    assert.equal(text.length, Number(match?.[3]), name);
    found.push(`${Number(match?.[1])} ${match?.[2] ?? 1} ${text.trim()}`);
  }
  return found.sort();
};

/** What Dovecot takes for the message of each UID. */
const listed = async (): Promise<readonly string[]> =>
  (await readFile(join(directory, 'dovecot-uidlist'), 'latin1'))
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) =>
      line.replace(/^(\d+) :.*\.mailkeep(?:,B=(\d+))?,.*$/, (_, uid: string, body = '1') => `${uid} ${body}`),
    );

const kinds = ({ ledger }: MirrorReport): readonly string[] => ledger.brake.map(({ kind }) => kind);
const inbox = ({ ledger }: MirrorReport) => {
  const folder = ledger.folders.find(({ name }) => name === 'INBOX');
  assert.ok(folder !== undefined && isExplained(folder));
  return folder;
};

describe('A8: another body under a known UID in a mirror', () => {
  test('is noticed by its size, told, and replaces the older one', async () => {
    const server = serverOf('one\r\n', 'two\r\n');
    await night(server);
    set(server, 2, { content: 'another\r\n' });
    const report = await night(server);
    assert.deepEqual([server.read, report.removed], [['INBOX 2'], 1]);
    assert.equal(report.changes[0]?.changedBodies, 1);
    const reason = 'the server has another body than before under the same UID';
    assert.deepEqual(inbox(report).differences, [{ uid: 2, kind: 'different', reason }]);
    assert.deepEqual(await bodies(), ['1 1 one', '2 2 another']);
    assert.deepEqual(await listed(), ['1 1', '2 2']);
    const next = await night(server);
    assert.deepEqual([server.read, next.removed, next.changes[0]?.changedBodies], [[], 0, 0]);
  });

  test('of equal size has a name of its own, so that the older one stays until somebody agrees', async () => {
    const before = ['one\r\n', 'two\r\n', 'six\r\n', 'ten\r\n', 'all\r\n'];
    const server = serverOf(...before);
    await night(server);
    for (const [at, content] of before.entries())
      set(server, at + 1, { content: `${at}${content.slice(1)}`, date: 1_500_000_000 });
    const changed = before.map((content, at) => `${at + 1} 2 ${at}${content.slice(1).trim()}`);
    const both = [...before.map((content, at) => `${at + 1} 1 ${content.trim()}`), ...changed].sort();
    for (let nights = 0; nights < 3; nights++) {
      const report = await night(server);
      assert.deepEqual([kinds(report), report.heldBack, report.removed], [['bodies-changed'], 5, 0]);
      assert.deepEqual(await bodies(), both);
      assert.deepEqual(await listed(), ['1 2', '2 2', '3 2', '4 2', '5 2'], 'the newer ones are the messages');
      assert.equal(inbox(report).inSnapshot, 10);
      assert.match(inbox(report).differences.at(-1)?.reason ?? '', /an older body .* the damage brake holds/);
    }
    const agreed = await night(server, { judge: () => [] });
    assert.deepEqual([agreed.removed, server.read], [5, []]);
    assert.deepEqual(await bodies(), changed);
    assert.deepEqual(kinds(await night(server)), []);
  });

  test('a third body is newer than the second, also without our state', async () => {
    const server = serverOf('one\r\n');
    await night(server);
    const held: Partial<MirrorOptions> = { judge: () => [{ kind: 'bodies-changed', messages: 5 }] };
    set(server, 1, { content: 'second\r\n' });
    await night(server, held);
    await rm(join(directory, 'mailkeep'), { recursive: true });
    set(server, 1, { content: 'third one\r\n' });
    assert.equal((await night(server, held)).heldBack, 2);
    assert.deepEqual(await bodies(), ['1 1 one', '1 2 second', '1 3 third one']);
    await night(server, { judge: () => [] });
    assert.deepEqual(await bodies(), ['1 3 third one']);
  });

  test('the same body under another date is fetched once, and is no change', async () => {
    const server = serverOf('one\r\n');
    await night(server);
    set(server, 1, { content: 'one\r\n', date: 1_234_567_890 });
    const report = await night(server);
    assert.deepEqual([server.read, report.changes[0]?.changedBodies, report.removed], [['INBOX 1'], 0, 0]);
    await night(server);
    assert.deepEqual([server.read, await bodies()], [[], ['1 1 one']]);
  });

  test('a server that tells a wrong size, and a file whose time was lost, cost one more fetch at most', async () => {
    const server = serverOf('one\r\n');
    set(server, 1, { content: 'one\r\n', size: 77 });
    await night(server);
    await night(server);
    assert.deepEqual(server.read, []);
    await rm(join(directory, 'mailkeep'), { recursive: true });
    await night(server);
    assert.deepEqual(server.read, ['INBOX 1'], 'the size that it told is not known any more');
    const [name = ''] = await readdir(join(directory, 'cur'));
    await utimes(join(directory, 'cur', name), 1, 1);
    await rm(join(directory, 'mailkeep', 'folders', 'INBOX', 'stamp'));
    await night(server);
    await night(server);
    assert.deepEqual([server.read, await bodies()], [[], ['1 1 one']]);
  });

  test('that cannot be fetched leaves the older one in its place', async () => {
    const server = serverOf('one\r\n');
    await night(server);
    set(server, 1, { content: 'another\r\n' });
    const scan = server.scan();
    const refused = new Fault('server-refused', 'the server refused it');
    const refusing = {
      ...server,
      scan: () => ({
        ...scan,
        async *read() {
          yield {
            bytes: new Uint8Array(0),
            pieces: [],
            verdicts: [{ request: 0, verdict: { kind: 'failed', fault: refused } as const }],
          };
        },
      }),
    };
    const report = await night(refusing);
    assert.deepEqual(inbox(report).differences, [{ uid: 1, kind: 'different', reason: 'the server refused it' }]);
    assert.deepEqual(await bodies(), ['1 1 one']);
    await night(server);
    assert.deepEqual(await bodies(), ['1 2 another']);
  });

  test('A12 of a run that ends in between, the newer body is taken for what it is', async () => {
    const server = serverOf('one\r\n', 'two\r\n');
    await night(server);
    set(server, 1, { content: 'second\r\n' });
    // UID 2000 lies in the next block: what came before it has its name by then.
    set(server, 2000, { content: 'late\r\n' });
    server.onRead = (_name, uid) => {
      if (uid === 2000) throw new Fault('server-unavailable', 'gone');
    };
    await assert.rejects(night(server), (error) => isFault(error, 'server-unavailable'));
    assert.deepEqual(await bodies(), ['1 1 one', '1 2 second', '2 1 two']);
    server.onRead = () => undefined;
    const report = await night(server);
    assert.deepEqual([server.read, report.removed, report.changes[0]?.changedBodies], [['INBOX 2000'], 1, 1]);
    assert.deepEqual(await bodies(), ['1 2 second', '2 1 two', '2000 1 late']);
  });

  test('A12 a newer body that a killed run has named and not written down is known by its content', async () => {
    const server = serverOf('one\r\n');
    await night(server);
    const [name = ''] = await readdir(join(directory, 'cur'));
    const newer = join(directory, 'cur', name.replace(/,S=.*:/, ',B=2,S=8,W=8:'));
    await writeFile(newer, 'second\r\n');
    await utimes(newer, 1_600_000_000, 1_600_000_000);
    set(server, 1, { content: 'second\r\n' });
    const report = await night(server);
    assert.deepEqual([server.read, report.removed, report.changes[0]?.changedBodies], [[], 1, 1]);
    assert.deepEqual(await bodies(), ['1 2 second']);
    const known = await readFile(join(directory, 'mailkeep/folders/INBOX/7.0000000.jsonl'), 'utf8');
    assert.equal(known.includes(createHash('sha256').update('second\r\n').digest('hex')), true, known);
  });

  test('a newer body that somebody has removed here is fetched again, and the older one stays meanwhile', async () => {
    const server = serverOf('one\r\n');
    await night(server);
    set(server, 1, { content: 'second\r\n' });
    await night(server, { judge: () => [{ kind: 'bodies-changed', messages: 5 }] });
    const newer = (await readdir(join(directory, 'cur'))).find((name) => name.includes('B=2')) ?? '';
    await unlink(join(directory, 'cur', newer));
    await night(server);
    assert.deepEqual([server.read, await bodies()], [['INBOX 1'], ['1 2 second']]);
  });
});
