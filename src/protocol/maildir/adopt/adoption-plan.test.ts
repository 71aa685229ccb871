import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { AccountScan } from '../../../contract/account-scan.ts';
import { createTestRun } from '../../../contract/test-run.ts';
import { encodeLedger, folderDifferences, isExplained, parseLedger } from '../../../mail/direct/ledger.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { memoryServer } from '../mirror/mirror-fixture.ts';
import { applyAdoption } from './adopt-mirror.ts';
import { type AdoptionPlan, planAdoption } from './adoption-plan.ts';
import { readOldMirror } from './read-old-mirror.ts';

let directory = '';
beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'mailkeep-adoption-'))));
afterEach(() => rm(directory, { recursive: true, force: true }));

const run = createTestRun();
const content = 'Subject: one\r\n\r\nbody\r\n';

/** A folder as OfflineIMAP leaves it. */
const oldFolder = async (name: string, text = content): Promise<void> => {
  for (const own of ['cur', 'new', 'tmp']) await mkdir(join(directory, 'old', name, own), { recursive: true });
  const digest = createHash('md5').update(name).digest('hex');
  const file = `1700000000_0.1.host,U=1,FMD5=${digest}:2,S`;
  await writeFile(join(directory, 'old', name, 'cur', file), text.replaceAll('\r\n', '\n'));
};

/** An account of which the headers of one folder cannot be had. */
const accountWithout = (fault: Fault): AccountScan => {
  const folder = () => ({ uidValidity: 7, messages: new Map([[1, { content }]]) });
  const scan = memoryServer({ INBOX: folder(), Lists: folder() }).scan();
  return {
    ...scan,
    headers: (place, uids, own) => {
      if (place.name === 'INBOX') throw fault;
      return scan.headers(place, uids, own);
    },
  };
};

const planned = async (scan: AccountScan): Promise<AdoptionPlan> => {
  await oldFolder('INBOX');
  await oldFolder('Lists');
  const parts = await readOldMirror({ folder: join(directory, 'old'), states: [], mapping: [] }, run);
  return planAdoption({ scan, mirror: join(directory, 'mirror'), ...parts }, run);
};

test('A5: a folder whose headers cannot be had costs itself alone, and stays for the next run', async () => {
  const scan = accountWithout(new Fault('server-refused', 'the server refused it'));
  const plan = await planned(scan);
  assert.deepEqual(
    plan.unread.map(({ name, fault }) => [name, fault.code]),
    [['INBOX', 'server-refused']],
  );
  assert.deepEqual(
    plan.folders.map(({ name, messages }) => [name, messages.size]),
    [['Lists', 1]],
  );
  assert.deepEqual(plan.unused, []);
  const { ledger, fetched } = await applyAdoption(
    scan,
    plan,
    { directory: join(directory, 'mirror'), account: 'work' },
    run,
  );
  assert.equal(fetched.messages, 1);
  assert.deepEqual(
    ledger.folders.map(({ name, inSnapshot, differences }) => [name, inSnapshot, differences[0]?.kind]),
    [
      ['INBOX', 0, 'carried'],
      ['Lists', 1, undefined],
    ],
  );
});

test('A5: what ends a scan of the account ends the plan', async () => {
  const scan = accountWithout(new Fault('credentials-refused', 'the password was refused'));
  await assert.rejects(planned(scan), (error) => isFault(error, 'credentials-refused'));
});

test('A5: of several files for one message, that with the header of the server is taken', async () => {
  // Of equal size, and looked at first.
  await oldFolder('Before', content.replace('one', 'two'));
  await oldFolder('INBOX');
  const scan = memoryServer({ INBOX: { uidValidity: 7, messages: new Map([[1, { content }]]) } }).scan();
  const mapping = [['Before', 'INBOX']] as const;
  const parts = await readOldMirror({ folder: join(directory, 'old'), states: [], mapping }, run);
  const plan = await planAdoption({ scan, mirror: join(directory, 'mirror'), ...parts }, run);
  const [inbox] = plan.folders;
  assert.deepEqual([inbox?.messages.size, inbox?.left, inbox?.differing], [1, [], 0]);
  assert.match(inbox?.messages.get(1)?.folder.path ?? '', /^INBOX$/);
});

test('A5: what is left of many messages is told as their number and the first hundred', async () => {
  await oldFolder('INBOX');
  const messages = new Map(Array.from({ length: 500 }, (_, at) => [2 * at + 1, { content }] as const));
  const scan = memoryServer({ INBOX: { uidValidity: 7, messages } }).scan();
  const parts = await readOldMirror({ folder: join(directory, 'old'), states: [], mapping: [] }, run);
  const plan = await planAdoption({ scan, mirror: join(directory, 'mirror'), ...parts }, run);
  const adopted = { directory: join(directory, 'mirror'), account: 'work' };
  const { ledger } = await applyAdoption(scan, plan, adopted, run);
  const [inbox] = parseLedger(encodeLedger(ledger)).folders;
  assert.ok(inbox !== undefined && isExplained(inbox));
  assert.deepEqual([inbox.onServer, inbox.inSnapshot, inbox.differences.length], [500, 1, 1]);
  assert.equal(inbox.differences[0]?.count, 499);
  assert.equal(inbox.differences[0]?.uids?.split(',').length, 100);
  assert.deepEqual(folderDifferences(inbox), { explained: 499, unexplained: 0 });
});
