import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Announcement } from '../contract/notification.ts';
import { createTestRun } from '../contract/test-run.ts';
import { Fault } from '../model/fault.ts';
import { deliver } from './deliver.ts';
import { announcement } from './loopback-fixture.ts';
import { type Outbox, openOutbox } from './outbox.ts';

const withOutbox = async (work: (outbox: Outbox, folder: string) => Promise<void>): Promise<void> => {
  const parent = await mkdtemp(join(tmpdir(), 'mailkeep-outbox-'));
  const folder = join(parent, 'outbox');
  try {
    await work(openOutbox(folder), folder);
  } finally {
    await rm(parent, { recursive: true });
  }
};

const untold = (fault: Fault): never => {
  throw fault;
};

const { time } = announcement;
const on = (day: number): Announcement => ({ ...announcement, id: `run-${day}`, time: time + day * 86_400_000 });

/** Sends while `works` says so. */
const notifierThat = (works: () => boolean) => {
  const sent: string[] = [];
  const send = ({ id }: Announcement): Promise<void> => {
    if (!works()) return Promise.reject(new Fault('server-unavailable', 'silent', { retry: true }));
    sent.push(id);
    return Promise.resolve();
  };
  return { sent, notifier: { kind: 'message', send } as const };
};

test('B5: what cannot be sent waits, and goes with the next run, in order, each once', () =>
  withOutbox(async (outbox) => {
    let works = false;
    const { sent, notifier } = notifierThat(() => works);
    const night = async (day: number, isNews = true) =>
      deliver(
        {
          notification: 'mail',
          notifier,
          earlier: await outbox.waiting(time, untold),
          announcement: isNews ? on(day) : undefined,
          outbox,
        },
        createTestRun(),
      );
    const first = await night(1);
    assert.equal(first.faults[0]?.code, 'server-unavailable');
    assert.equal(first.waiting, 1);
    assert.equal((await night(2)).waiting, 2);
    works = true;
    assert.deepEqual(await night(3, false), { notification: 'mail', sent: 2, waiting: 0, faults: [] });
    assert.equal((await night(4)).sent, 1);
    assert.deepEqual(sent, ['run-1', 'run-2', 'run-4']);
    assert.deepEqual(await outbox.waiting(time, untold), []);
  }));

test('what waits is readable by its owner only, whole, and the same message waits once', () =>
  withOutbox(async (outbox, folder) => {
    await outbox.keep('mail', on(1));
    await outbox.keep('mail', on(1));
    await outbox.keep('phone', on(1));
    const names = await readdir(folder);
    assert.equal(names.length, 2);
    assert.equal((await stat(join(folder, names[0] ?? ''))).mode & 0o777, 0o600);
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    const [message] = await outbox.waiting(time, untold);
    assert.deepEqual(message?.announcement, on(1));
  }));

test('what is a week old goes unsent, what is damaged is passed over, and there are never more than fifty', () =>
  withOutbox(async (outbox, folder) => {
    for (let day = 0; day < 53; day++) await outbox.keep('mail', on(day));
    assert.equal((await readdir(folder)).length, 50);
    await writeFile(join(folder, `${String(time + 52.5 * 86_400_000).padStart(15, '0')}-x-y.json`), '{"version":1');
    const waiting = await outbox.waiting(time + 52.6 * 86_400_000, untold);
    assert.deepEqual(
      waiting.map(({ announcement }) => announcement.id),
      [46, 47, 48, 49, 50, 51, 52].map((day) => `run-${day}`),
    );
  }));

test('a message that is refused for good is dropped, and what comes after it goes', () =>
  withOutbox(async (outbox) => {
    const sent: string[] = [];
    const send = ({ id }: Announcement): Promise<void> => {
      if (id === 'run-1') return Promise.reject(new Fault('server-refused', 'too long'));
      sent.push(id);
      return Promise.resolve();
    };
    await outbox.keep('mail', on(1));
    await outbox.keep('mail', on(2));
    const earlier = await outbox.waiting(time, untold);
    const order = {
      notification: 'mail',
      notifier: { kind: 'message', send },
      earlier,
      announcement: on(3),
      outbox,
    } as const;
    const { faults, ...delivery } = await deliver(order, createTestRun());
    assert.deepEqual(delivery, { notification: 'mail', sent: 2, waiting: 0 });
    assert.equal(faults[0]?.message, 'too long');
    assert.deepEqual(sent, ['run-2', 'run-3']);
    assert.deepEqual(await outbox.waiting(time, untold), []);
  }));

test('the newest message is tried whatever became of the older, and lies in the outbox while it is', () =>
  withOutbox(async (outbox) => {
    const tried: string[] = [];
    const lying: number[] = [];
    const send = async ({ id }: Announcement): Promise<void> => {
      tried.push(id);
      lying.push((await outbox.waiting(time, untold)).length);
      if (id !== 'run-3') throw new Fault('server-unavailable', 'silent', { retry: true });
    };
    await outbox.keep('mail', on(1));
    await outbox.keep('mail', on(2));
    const earlier = await outbox.waiting(time, untold);
    const order = {
      notification: 'mail',
      notifier: { kind: 'message', send },
      earlier,
      announcement: on(3),
      outbox,
    } as const;
    const { sent, waiting } = await deliver(order, createTestRun());
    assert.deepEqual([tried, lying, sent, waiting], [['run-1', 'run-3'], [3, 3], 1, 2]);
  }));

test('a file that cannot be read is told, and silences no other', () =>
  withOutbox(async (outbox, folder) => {
    await outbox.keep('mail', on(1));
    await mkdir(join(folder, `${String(time).padStart(15, '0')}-x-y.json`));
    const told: Fault[] = [];
    const waiting = await outbox.waiting(time, (fault) => told.push(fault));
    assert.deepEqual([waiting.length, told.length], [1, 1]);
  }));
