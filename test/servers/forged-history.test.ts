import assert from 'node:assert/strict';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { createPerson, type Person } from '../journey/program.ts';
import { resticOn, type ResticRunner } from '../journey/restic-runner.ts';
import { findMovedClock } from '../life/moved-clock.ts';
import type { CommandResult } from '../requirement/command.ts';
import { recordsOf } from './json-lines.ts';
import { type RestServer, serveRest } from './rest-server.ts';

/*
 * A machine captures into a REST server that lets it add and not remove. Somebody has broken into it, has the password,
 * and writes with the real restic whatever he likes. Another machine maintains the repository.
 */

const password = 'geheim';
const day = 86_400_000;
const nights = 6;
const now = Date.now();
const textOf = (time: number): string => new Date(time).toISOString().slice(0, 19).replace('T', ' ');

const snapshotsSchema = z.array(z.looseObject({ id: z.string(), time: z.string(), paths: z.array(z.string()) }));

describe('S6: a thief with the password and the right to add, and a machine that maintains', () => {
  let work: string;
  let closed: RestServer;
  let open: RestServer;
  let machine: Person;
  let keeper: Person;
  let thief: ResticRunner;
  let mail: string;
  /** What the machine has made, oldest first. */
  let history: readonly string[];

  const succeeds = async (running: Promise<CommandResult>): Promise<CommandResult> => {
    const result = await running;
    assert.equal(result.code, 0, `${result.stdout}\n${result.stderr}`);
    return result;
  };
  const keep = (args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<CommandResult> =>
    keeper.run([...args, '--config', join(keeper.folder, 'mailkeep.yaml')], { environment });
  const maintain = async (environment: NodeJS.ProcessEnv = {}) => {
    const { stdout, stderr } = await succeeds(keep(['maintain', '--json', '-v'], environment));
    const step = recordsOf(stdout).find((line) => line['step'] === 'forget');
    return { removed: step?.['removed'], told: stdout + stderr };
  };
  const configure = (more: string): Promise<void> =>
    writeFile(
      join(keeper.folder, 'mailkeep.yaml'),
      `version: 1\nrepositories: {main: {location: "${open.location}repository/", password: {file: password}, pruneEvery: 1h, ${more}}}\n`,
      { mode: 0o600 },
    );
  const present = async (): Promise<readonly string[]> => {
    const { stdout } = await succeeds(keep(['snapshots', '--json']));
    return snapshotsSchema.parse(JSON.parse(stdout)).map(({ id }) => id);
  };
  const keptOf = async (): Promise<number> => {
    const there = new Set(await present());
    return history.filter((id) => there.has(id)).length;
  };

  before(async () => {
    [machine, keeper] = await Promise.all([createPerson(), createPerson()]);
    work = join(machine.folder, 'served');
    await mkdir(work);
    [closed, open] = await Promise.all([serveRest(work, ['--append-only']), serveRest(work)]);
    mail = join(machine.folder, 'Maildir', 'cur');
    await mkdir(mail, { recursive: true });
    const environment = { RESTIC_REPOSITORY: `${closed.location}repository/`, RESTIC_PASSWORD: password };
    await succeeds(machine.run(['init'], { environment }));
    for (let night = 0; night < nights; night++) {
      await writeFile(join(mail, `${night}.host:2,S`), `Subject: ${night}\n\n${String(night).repeat(5000)}\n`);
      const time = textOf(now - (nights - night) * day);
      await succeeds(
        machine.run(['backup', join(mail, '..'), '--time', time], { environment: { ...environment, TZ: 'UTC' } }),
      );
    }
    await writeFile(join(keeper.folder, 'password'), `${password}\n`, { mode: 0o600 });
    await configure('appendOnly: true, retention: {keepLast: 3, keepDaily: 6}');
    history = await present();
    assert.equal(history.length, nights);
    thief = await resticOn(`${closed.location}repository/`, { password });
  });
  after(async () => {
    await Promise.all([closed.stop(), open.stop()]);
    await Promise.all([machine.leave(), keeper.leave()]);
  });

  /** A note as Mailkeep writes it, that all was read just now. */
  const forgeEvidence = async (ending: string): Promise<void> => {
    const data = await readdir(join(work, 'repository', 'data'), { recursive: true });
    const packs = data.flatMap((path) => /[0-9a-f]{64}$/.exec(path)?.[0] ?? []);
    const time = new Date().toISOString();
    const read = `{"version":1,"kind":"packs-read","time":"${time}","read":${JSON.stringify([{ time, packs }])},"waiting":[],"snapshots":[]`;
    const folder = join(machine.folder, 'forged');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'packs-read.json'), `${read}${ending}}\n`);
    await thief(['backup', 'packs-read.json', '--tag', 'mailkeep:evidence', '--time', '1970-01-01 00:00:00'], folder);
  };

  test('S6: what he notes as read back lets nothing go; only who believes anybody would fall for it', async () => {
    await configure('appendOnly: true, retention: {keepLast: 1}');
    await forgeEvidence('');
    await forgeEvidence(`,"key":"${'a'.repeat(16)}","mac":"${'b'.repeat(64)}"`);
    const believing = await succeeds(
      keep(['forget', '--keep-last', '1', '--verified-only', '--any-evidence', '--dry-run']),
    );
    assert.match(believing.stdout, /remove 5 snapshots/);
    assert.equal((await maintain()).removed, 0);
    assert.equal(await keptOf(), nights);
    await configure('appendOnly: true, retention: {keepLast: 3, keepDaily: 6}');
  });

  test('S6: snapshots of other times and floods of new ones push out nothing, and are told', async () => {
    await succeeds(keep(['check', '--read-data']));
    assert.equal((await maintain()).removed, 0);
    const asFarAsHeCan = await thief.attempt(['forget', '--keep-last', '1']);
    assert.notEqual(asFarAsHeCan.code, 0);
    // Where the mail was lies something else now, good and complete.
    await rename(mail, `${mail}.taken`);
    await mkdir(mail);
    await writeFile(join(mail, 'ransom'), 'pay\n');
    const host = ['--host', hostname()];
    const place = [join(mail, '..'), ...host];
    for (let number = 1; number <= 4; number++) {
      await thief(['backup', ...place, '--time', textOf(now + number * day)]);
      await thief(['backup', ...place, '--time', textOf(now - (number + 1) * day + 3_600_000)]);
    }
    for (let number = 0; number < 6; number++) await thief(['backup', ...place]);
    const plain = await succeeds(keep(['forget', '--keep-last', '3', '--keep-daily', '6', '--dry-run']));
    assert.match(plain.stdout, /remove \d+ snapshots/);

    const first = await maintain();
    assert.match(first.told, /8 snapshots of the source of \w+ came with times at which they cannot have been made/);
    assert.equal(await keptOf(), nights, first.told);
    const clock = await findMovedClock();
    await maintain(clock(now + 6 * day));
    assert.equal(await keptOf(), nights);
  });

  test('S6: the whole history restores', async () => {
    await rm(mail, { recursive: true });
    await rename(`${mail}.taken`, mail);
    await thief(['check', '--read-data']);
    const target = join(keeper.folder, 'restored');
    const [oldest = '', newest = ''] = [history[0], history.at(-1)];
    for (const [id, count] of [
      [oldest, 1],
      [newest, nights],
    ] as const) {
      await succeeds(keep(['restore', `${id}:${mail}`, '--target', join(target, id)]));
      assert.equal((await readdir(join(target, id))).length, count);
    }
  });
});
