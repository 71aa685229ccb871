import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { DatabasePlan, DatabaseTarget } from '../../../contract/database-target.ts';
import type { Services } from '../../../contract/services.ts';
import { createTestRun } from '../../../contract/test-run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import type { FoundService } from '../../../model/service-plan.ts';
import { createFilesTarget } from '../../../protocol/files/target.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../../protocol/memory/source.ts';
import { loadPosix } from '../../../system/posix.ts';
import type { FilePart } from './file-component.ts';
import {
  type ComponentWork,
  planServer,
  restoreServer,
  type ServerRestoreParts,
  type Unfinished,
} from './restore-server.ts';

const posix = await loadPosix();

const createWorld = (context: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'mailkeep-restore-server-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const run = createTestRun();
  const done: string[] = [];
  const notes: Unfinished[] = [];
  const states = new Map<string, FoundService>([
    ['postfix', { name: 'postfix', state: 'running', isDatabase: false }],
    ['mariadb', { name: 'mariadb', state: 'stopped', isDatabase: true }],
  ]);
  const set = (names: readonly string[], state: FoundService['state']): void => {
    for (const name of names) states.set(name, { name, isDatabase: name === 'mariadb', state });
  };
  const services: Services = {
    description: 'services of the test',
    list: async () => [...states.values()],
    stop: async (names) => {
      done.push(`stop ${names.join(' ')}`);
      set(names, 'stopped');
    },
    start: async (names) => {
      done.push(`start ${names.join(' ')}`);
      set(names, 'running');
    },
  };
  const part = (text: string, more: Partial<FilePart> = {}): FilePart => ({
    place: join(folder, 'main.cf'),
    folder,
    merges: false,
    open: async () =>
      createMemorySource(memoryDirectory({ 'main.cf': memoryFile(text, { metadata: { mode: 0o600 } }) })),
    target: async (_source, { overwrite, filter = () => true }) =>
      createFilesTarget({ directory: byteStringOfText(folder), filter, overwrite, posix, asRoot: false, threads: 1 }),
    prepare: async () => void done.push('files'),
    settle: async () => undefined,
    ...more,
  });
  const files = (name: string, own: FilePart): ComponentWork => ({
    name,
    kind: 'files',
    needsRest: true,
    parts: [own],
  });
  const empty: DatabasePlan = { dumps: [], left: [] };
  const target: DatabaseTarget = {
    description: 'database of the test',
    plan: async () => {
      if (states.get('mariadb')?.state === 'running') return empty;
      throw new Fault('server-unavailable', 'it does not answer');
    },
    apply: async () => {
      done.push(`database, while postfix is ${states.get('postfix')?.state ?? ''}`);
      return { restored: [], failed: [] };
    },
  };
  const database: ComponentWork = {
    name: 'mysql',
    kind: 'database',
    needsRest: true,
    database: { mustRun: true, open: async () => createMemorySource(memoryDirectory({})), target: async () => target },
  };
  const parts = (...components: readonly ComponentWork[]): ServerRestoreParts => ({
    components,
    services,
    note: {
      read: async () => notes.at(-1) ?? { services: [], places: [] },
      write: async (note) => void notes.push(note),
    },
    wish: { overwrite: 'if-changed', verify: true, isWhole: false },
    waiting: { sleep: run.sleep, attempts: 2, pause: 1000 },
  });
  return { folder, run, done, notes, part, files, database, parts, set, states };
};

describe('the restore of a server', () => {
  test('B11: services stop, files come, databases are started and loaded, and what ran is started', async (context) => {
    const { run, done, notes, part, files, database, parts, folder } = createWorld(context);
    const all = parts(files('config', part('restored')), database);
    const plan = await planServer(all, run);
    assert.deepEqual(plan.services, { stop: ['postfix'], startFirst: ['mariadb'], start: ['postfix'] });
    assert.equal(plan.components[1]?.kind === 'database' && plan.components[1].outlook.kind, 'silent');
    assert.deepEqual(done, [], 'a plan changes nothing');
    const report = await restoreServer(all, plan, run);
    assert.deepEqual(done, [
      'stop postfix',
      'files',
      'start mariadb',
      'database, while postfix is stopped',
      'start postfix',
    ]);
    assert.deepEqual(
      report.components.map(({ name, kind }) => `${name} ${kind}`),
      ['config files', 'mysql database'],
    );
    assert.equal(readFileSync(join(folder, 'main.cf'), 'utf8'), 'restored');
    const place = join(folder, 'main.cf');
    assert.deepEqual(notes, [
      { services: ['postfix'], places: [place] },
      { services: [], places: [] },
    ]);
  });

  test('B11: where no service is a database it is not waited for, and told what is missing', async (context) => {
    const { run, done, part, files, database, parts, states } = createWorld(context);
    states.delete('mariadb');
    const waiting = { sleep: () => Promise.reject(new Error('it waits')), attempts: 90, pause: 2000 };
    const all = { ...parts(files('config', part('restored')), database), waiting };
    const { components } = await restoreServer(all, await planServer(all, run), run);
    assert.deepEqual(done, ['stop postfix', 'files', 'start postfix']);
    const failed = components.flatMap((one) => (one.kind === 'failed' ? [one.fault] : []));
    assert.deepEqual(
      failed.map(({ message }) => message),
      ['it does not answer; and among the services of the test there is none that it could be in'],
    );
    assert.match(failed[0]?.hint ?? '', /Start the database yourself/);
  });

  test('B11: where nothing ran, what is no database is started once the databases are loaded', async (context) => {
    const { run, done, notes, part, files, database, parts, set } = createWorld(context);
    set(['postfix'], 'stopped');
    const all = parts(files('config', part('restored')), database);
    const plan = await planServer(all, run);
    assert.deepEqual(plan.services, { stop: [], startFirst: ['mariadb'], start: ['postfix'] });
    await restoreServer(all, plan, run);
    assert.deepEqual(done, ['files', 'start mariadb', 'database, while postfix is stopped', 'start postfix']);
    assert.deepEqual(notes.at(-1)?.services, []);
  });

  test('B11: where nothing ran and the restore was interrupted with its databases up, the next one starts the rest', async (context) => {
    const { run, done, notes, part, files, database, parts, set } = createWorld(context);
    set(['postfix'], 'stopped');
    const interrupted = new Fault('interrupted', 'interrupted');
    const broken = {
      mustRun: true,
      open: () => Promise.reject(interrupted),
      target: () => Promise.reject(interrupted),
    };
    const own = files('config', part('restored'));
    const all = parts(own, { name: 'mysql', kind: 'database', needsRest: true, database: broken });
    const services = { stop: [], startFirst: ['mariadb'], start: ['postfix'] };
    await assert.rejects(restoreServer(all, { components: [], services }, run), { code: 'interrupted' });
    assert.deepEqual([done, notes.at(-1)?.services], [['files', 'start mariadb'], ['postfix']]);
    const again = parts(own, database);
    await restoreServer(again, await planServer(again, run), run);
    assert.equal(done.at(-1), 'start postfix');
  });

  test('B11: a byte that has changed under the same size and time is mended', async (context) => {
    const { run, part, files, parts, folder } = createWorld(context);
    const all = parts(files('config', part('restored')));
    await restoreServer(all, await planServer(all, run), run);
    const file = join(folder, 'main.cf');
    const { atime, mtime } = statSync(file);
    writeFileSync(file, 'restoreX');
    utimesSync(file, atime, mtime);
    const report = await restoreServer(all, await planServer(all, run), run);
    assert.equal(readFileSync(file, 'utf8'), 'restored');
    const [result] = report.components;
    assert.equal(result?.kind === 'files' && result.outcome.differences, 0);
    assert.equal(result?.kind === 'files' && result.outcome.failed, 0);
  });

  test('B11: one that fails stops no other, and is made as it was by the next restore', async (context) => {
    const { run, done, notes, part, files, database, parts } = createWorld(context);
    const broken = part('x', {
      place: '/broken',
      prepare: () => Promise.reject(new Fault('permission-denied', 'it cannot be written')),
    });
    const all = parts(files('ssl', broken), files('config', part('restored')), database);
    const report = await restoreServer(all, await planServer(all, run), run);
    assert.deepEqual(
      report.components.map(({ kind }) => kind),
      ['failed', 'files', 'database'],
    );
    assert.equal(done.at(-1), 'start postfix');
    assert.deepEqual(notes.at(-1), { services: [], places: ['/broken'] });
  });

  test('B11: what a full disk has ended is not begun, and services run again', async (context) => {
    const { run, done, part, files, parts } = createWorld(context);
    const full = part('x', { prepare: () => Promise.reject(new Fault('disk-full', 'no space is left')) });
    const all = parts(files('mail', full), files('config', part('restored')));
    const report = await restoreServer(all, await planServer(all, run), run);
    assert.deepEqual(
      report.components.map(({ kind }) => kind),
      ['failed', 'left'],
    );
    assert.deepEqual(done, ['stop postfix', 'start postfix']);
  });

  test('B11: interrupted, what was stopped is started all the same', async (context) => {
    const { run, done, notes, part, files, parts } = createWorld(context);
    const stopped = part('x', {
      prepare: async () => {
        run.abort();
        throw new Fault('interrupted', 'interrupted');
      },
    });
    const all = parts(files('mail', stopped), files('config', part('restored')));
    const plan = await planServer(all, run);
    await assert.rejects(restoreServer(all, plan, run), { code: 'interrupted' });
    assert.deepEqual(done, ['stop postfix', 'start postfix']);
    assert.equal(notes.at(-1)?.services.length, 0);
    assert.equal(notes.at(-1)?.places.length, 2);
  });
});
