import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createTestRun } from '../../../contract/test-run.ts';
import { brakeReasons } from '../../../model/damage-brake.ts';
import { openMirror, type MirrorOptions, type MirrorReport } from './mirror.ts';
import { type MemoryServer, memoryServer, type ServerFolder } from './mirror-fixture.ts';

let directory = '';
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'mailkeep-mirror-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const run = createTestRun();
const judge: MirrorOptions['judge'] = (changes) => brakeReasons({ changes, isFirst: false });
const agreed: MirrorOptions['judge'] = () => [];

const night = async (server: MemoryServer, options: Partial<MirrorOptions> = {}): Promise<MirrorReport> => {
  const mirror = await openMirror({ directory, account: 'work', judge, ...options }, run);
  try {
    return await mirror.apply(server.scan(), run);
  } finally {
    await mirror.close();
  }
};

const folder = (uidValidity: number, count: number): ServerFolder => ({
  uidValidity,
  messages: new Map(Array.from({ length: count }, (_, uid) => [uid + 1, { content: `${uidValidity} ${uid}\r\n` }])),
});

/** Files of one generation of the inbox. */
const filesOf = async (uidValidity: number): Promise<number> =>
  (await readdir(join(directory, 'cur'))).filter((name) => name.startsWith(`${uidValidity}.`)).length;

const kinds = ({ ledger }: MirrorReport): readonly string[] => ledger.brake.map(({ kind }) => kind);

describe('A8: the damage brake of a mirror', () => {
  test('holds on every night until somebody agrees to a new UIDVALIDITY', async () => {
    const server = memoryServer({ INBOX: folder(7, 5) });
    await night(server);
    server.folders.set('INBOX', folder(8, 5));
    for (let nights = 0; nights < 3; nights++) {
      const report = await night(server);
      assert.deepEqual([kinds(report), report.heldBack, report.removed], [['uidvalidity-changed'], 5, 0]);
    }
    server.folders.set('INBOX', folder(9, 5));
    assert.deepEqual(kinds(await night(server)), ['uidvalidity-changed'], 'of one more generation, too');
    const report = await night(server, { judge: agreed });
    assert.deepEqual([report.removed, await filesOf(7), await filesOf(9)], [10, 0, 5]);
    assert.deepEqual(kinds(await night(server)), []);
  });

  test('is not let go by a run that removes nothing, such as an adoption', async () => {
    const server = memoryServer({ INBOX: folder(7, 5) });
    await night(server);
    server.folders.set('INBOX', folder(8, 5));
    await night(server, { judge: agreed, removes: false });
    assert.deepEqual(kinds(await night(server)), ['uidvalidity-changed']);
    assert.equal(await filesOf(7), 5);
  });

  test('holds on every night for a folder that was deleted and made anew without its messages', async () => {
    const others = { Archive: folder(1, 150), Lists: folder(2, 5), Sent: folder(3, 5) };
    const server = memoryServer({ INBOX: folder(7, 60), ...others });
    await night(server);
    server.folders.set('INBOX', folder(8, 0));
    for (let nights = 0; nights < 2; nights++) {
      const report = await night(server);
      assert.deepEqual([kinds(report), report.heldBack], [['account-gone', 'folder-gone'], 60]);
      const [change] = report.changes.filter(({ folder: own }) => own === 'INBOX');
      assert.deepEqual([change?.before, change?.gone, change?.now], [60, 60, 0]);
    }
    assert.equal(await filesOf(7), 60);
  });
});
