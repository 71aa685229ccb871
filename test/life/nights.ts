import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import { createPerson, ended, type Person } from '../journey/program.ts';
import { resticOn, type ResticRunner } from '../journey/restic-runner.ts';
import type { CommandResult } from '../requirement/command.ts';
import { type Dovecot, freePort, startDovecot } from '../servers/dovecot.ts';
import { openWriter, serverOf, sha256Of, type Writer } from '../servers/imap-account.ts';
import { findMovedClock, type MovedClock } from './moved-clock.ts';

/*
 * Night after night with the real program, a real Dovecot and a clock that is moved by libfaketime: mail comes and leaves,
 * a server is lost and comes back, one cannot be reached, a run is killed, an account is closed. At the end every snapshot
 * that is left must hold what the account held in the night that made it.
 */

const day = 86_400_000;
const users = ['alice', 'bob'] as const;
type User = (typeof users)[number];

/** What an account holds: how often each content, by its SHA-256. */
type Contents = ReadonlyMap<string, number>;

interface Mail {
  readonly subject: string;
  readonly folder: string;
  readonly sha256: string;
}

/** What happens on which night, from 0. */
export interface NightsPlan {
  readonly nights: number;
  /** The server of alice has lost all mail; the next night it is back. */
  readonly lossOn: number;
  readonly unreachableOn: number;
  readonly killedOn: number;
  /** The account of bob is closed; two nights later it is taken out of the configuration. */
  readonly closureOn: number;
  readonly seed: number;
}

/** Numbers from 0 up to, not including, a limit; the same for the same seed (mulberry32). */
const dice = (seed: number): ((limit: number) => number) => {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
};

const countOf = (mails: readonly Mail[]): Contents => {
  const counts = new Map<string, number>();
  for (const { sha256 } of mails) counts.set(sha256, (counts.get(sha256) ?? 0) + 1);
  return counts;
};

const snapshotsSchema = z.array(
  z.object({ id: z.string(), paths: z.array(z.string()), tags: z.array(z.string()).nullish() }),
);

class Nights {
  readonly #plan: NightsPlan;
  readonly #person: Person;
  readonly #dovecot: Dovecot;
  readonly #clock: MovedClock;
  readonly #roll: (limit: number) => number;
  readonly #mails: Record<User, Mail[]> = { alice: [], bob: [] };
  /** What each snapshot was made of, by its id in the first repository. */
  readonly #promises = new Map<string, { readonly user: User; readonly night: number; readonly contents: Contents }>();
  readonly codes: number[] = [];
  readonly #start = Date.parse('2026-03-01T03:00:00Z');
  #written = 0;

  constructor(plan: NightsPlan, person: Person, dovecot: Dovecot, clock: MovedClock) {
    this.#plan = plan;
    this.#clock = clock;
    this.#person = person;
    this.#dovecot = dovecot;
    this.#roll = dice(plan.seed);
  }

  get folder(): string {
    return this.#person.folder;
  }

  #environment(night: number): NodeJS.ProcessEnv {
    return this.#clock(this.#start + night * day);
  }

  mailkeep(night: number, ...args: readonly string[]): Promise<CommandResult> {
    const config = join(this.folder, 'mailkeep.yaml');
    return this.#person.run([...args, '--config', config], { environment: this.#environment(night) });
  }

  async configure(port: number, accounts: readonly User[]): Promise<void> {
    const entry = (user: User): string =>
      `  ${user}: {host: 127.0.0.1, port: ${String(port)}, security: none, user: ${user}, ` +
      'login: {password: {file: imap-password}}, brake: {gonePercent: 50, goneMessages: 10}}';
    const text = [
      'version: 1',
      'repositories:',
      '  main: {location: main, password: {file: main-password}, verifyWithin: 3d, pruneEvery: 2d,',
      '    retention: {keepDaily: 2, keepWeekly: 3}, copyTo: [offsite],',
      '    price: {perGigabyteMonth: 10, currency: EUR}}',
      '  offsite: {location: offsite, password: {file: offsite-password}, retention: {keepLast: 3, keepWeekly: 9}}',
      'defaultRepository: main',
      'metrics: {file: mailkeep.prom}',
      'accounts:',
      ...accounts.map(entry),
    ].join('\n');
    await writeFile(join(this.folder, 'mailkeep.yaml'), text, { mode: 0o600 });
  }

  async setUp(): Promise<void> {
    await writeFile(join(this.folder, 'imap-password'), 'secret\n', { mode: 0o600 });
    await this.configure(this.#dovecot.port, users);
    for (const name of ['main', 'offsite']) {
      const file = join(this.folder, `${name}-password`);
      // A strong one needs no costly derivation, which would be most of the time of a night like these.
      const made = await this.mailkeep(0, 'init', '-r', join(this.folder, name), '--generate-password', file);
      assert.equal(made.code, 0, made.stderr);
    }
  }

  /** Mail comes, and some of it leaves. */
  async #day(user: User, writer: Writer): Promise<void> {
    const arriving = this.#written === 0 ? 40 : 2 + this.#roll(6);
    for (let number = 0; number < arriving; number++) {
      const folder = this.#roll(3) === 0 ? 'Archive' : 'INBOX';
      const subject = `mail-${String(++this.#written)}x`;
      const body = `${subject} `.repeat(1 + this.#roll(400));
      const content = `From: a@example.org\r\nTo: ${user}@example.org\r\nSubject: ${subject}\r\n\r\n${body}\r\n`;
      await writer.append(folder, [{ content }]);
      this.#mails[user].push({ subject, folder, sha256: sha256Of(content) });
    }
    const mails = this.#mails[user];
    // An account without any message is for the brake: here it happens on the nights that are planned for it alone.
    for (let leaving = Math.min(this.#roll(4), mails.length - 1); leaving > 0; leaving--) {
      const [gone] = mails.splice(this.#roll(mails.length), 1);
      if (gone === undefined) continue;
      await this.#dovecot.doveadm('expunge', '-u', user, 'mailbox', gone.folder, 'subject', gone.subject);
    }
  }

  /** One day and its night. */
  async live(night: number): Promise<void> {
    const { lossOn, unreachableOn, killedOn, closureOn } = this.#plan;
    const open = night < closureOn ? users : (['alice'] as const);
    for (const user of open) {
      const writer = await openWriter(serverOf(this.#dovecot), user);
      if (night === 0) await writer.create('Archive');
      await this.#day(user, writer);
      await writer.close();
    }
    if (night === closureOn) await writeFile(join(this.#dovecot.folder, 'users'), 'alice:{PLAIN}secret\n');
    const port = night === unreachableOn ? await freePort() : this.#dovecot.port;
    await this.configure(port, night < closureOn + 2 ? users : open);
    const maildir = join(this.#dovecot.home('alice'), 'Maildir');
    if (night === lossOn) await rename(maildir, `${maildir}.lost`);
    this.codes.push(night === killedOn ? await this.#killedRun(night) : await this.#run(night));
    if (night === lossOn) {
      await rm(maildir, { recursive: true, force: true });
      await rename(`${maildir}.lost`, maildir);
    }
    await this.#notePromises(night);
  }

  async #run(night: number): Promise<number> {
    const { code, stdout, stderr } = await this.mailkeep(night, 'run', '--scheduled');
    const { lossOn, unreachableOn, closureOn } = this.#plan;
    const isTroubled = night === lossOn || night === unreachableOn || night === closureOn || night === closureOn + 1;
    assert.equal(code, isTroubled ? 1 : 0, `night ${String(night)}:\n${stdout}\n${stderr}`);
    return code;
  }

  async #killedRun(night: number): Promise<number> {
    const child = this.#person.start(['run', '--config', join(this.folder, 'mailkeep.yaml')], {
      environment: this.#environment(night),
    });
    const over = ended(child);
    const locks = join(this.#person.home, '.local', 'state', 'mailkeep', 'locks');
    while (child.exitCode === null && (await readdir(locks)).length === 0) await sleep(20);
    await sleep(300 + this.#roll(2500));
    child.kill('SIGKILL');
    return (await over).code;
  }

  async #restic(repository: 'main' | 'offsite'): Promise<ResticRunner> {
    const password = (await readFile(join(this.folder, `${repository}-password`), 'utf8')).trim();
    return resticOn(join(this.folder, repository), { password });
  }

  async #notePromises(night: number): Promise<void> {
    const restic = await this.#restic('main');
    for (const { id, paths } of snapshotsSchema.parse(JSON.parse(await restic(['snapshots', '--json', '--no-lock'])))) {
      const user = users.find((one) => paths.includes(`/imap/${one}`));
      if (user === undefined || this.#promises.has(id)) continue;
      const contents = night === this.#plan.lossOn && user === 'alice' ? new Map() : countOf(this.#mails[user]);
      this.#promises.set(id, { user, night, contents });
    }
  }

  /** The last night in which an account was captured. */
  lastOf(user: User): number {
    return Math.max(...[...this.#promises.values()].flatMap((one) => (one.user === user ? [one.night] : [])));
  }

  /** Which nights of an account are left in a repository, each looked into by restic; copies are told by their night. */
  async keptNights(repository: 'main' | 'offsite'): Promise<Readonly<Record<User, readonly number[]>>> {
    const restic = await this.#restic(repository);
    await restic(['check', '--read-data']);
    const kept: Record<User, number[]> = { alice: [], bob: [] };
    const list = z
      .array(
        z.object({ id: z.string(), original: z.string().optional(), paths: z.array(z.string()), time: z.string() }),
      )
      .parse(JSON.parse(await restic(['snapshots', '--json'])));
    for (const { id, paths, time } of list) {
      const user = users.find((one) => paths.includes(`/imap/${one}`));
      if (user === undefined) continue;
      const night = Math.floor((Date.parse(time) - this.#start) / day);
      const promise = [...this.#promises.values()].find((one) => one.user === user && one.night === night);
      assert.ok(promise, `${repository}: a snapshot of ${user} of night ${String(night)} is known`);
      assert.deepEqual(
        await restoredContents(restic, id),
        promise.contents,
        `${repository}: ${user}, ${String(night)}`,
      );
      kept[user].push(night);
    }
    return kept;
  }
}

/** What restic restores of a snapshot. */
const restoredContents = async (restic: ResticRunner, id: string): Promise<Contents> => {
  const target = await mkdtemp(join(tmpdir(), 'mailkeep-promise-'));
  try {
    await restic(['restore', id, '--target', target]);
    const mails: Mail[] = [];
    for (const entry of await readdir(target, { recursive: true, withFileTypes: true })) {
      const folder = basename(dirname(entry.parentPath));
      if (!entry.isFile() || !/^\d{10}:2,/.test(entry.name)) continue;
      mails.push({ subject: '', folder, sha256: sha256Of(await readFile(join(entry.parentPath, entry.name))) });
    }
    return countOf(mails);
  } finally {
    await rm(target, { recursive: true, force: true });
  }
};

export const liveNights = async (t: TestContext, plan: NightsPlan): Promise<void> => {
  t.diagnostic(`seed ${String(plan.seed)}`);
  const person = await createPerson();
  t.after(() => person.leave());
  const dovecot = await startDovecot({ logCommands: false });
  t.after(() => dovecot.stop());
  const nights = new Nights(plan, person, dovecot, await findMovedClock());
  await nights.setUp();
  for (let night = 0; night < plan.nights; night++) {
    await nights.live(night);
    t.diagnostic(`night ${String(night)} ended with ${String(nights.codes.at(-1))}`);
  }
  const last = plan.nights - 1;

  const main = await nights.keptNights('main');
  const offsite = await nights.keptNights('offsite');
  // By both policies the last nights stay; of the account that was closed what there was at its end.
  const { killedOn } = plan;
  assert.deepEqual(main.alice.slice(-2), [last - 1, last]);
  assert.deepEqual(offsite.alice.slice(-2), [last - 1, last]);
  assert.equal(main.bob.at(-1), nights.lastOf('bob'));
  assert.equal(offsite.bob.at(-1), nights.lastOf('bob'));

  const status = await nights.mailkeep(last, 'status', '--max-age', '26h');
  assert.equal(status.code, 0, status.stdout);
  const history = await nights.mailkeep(last, 'history', '--json', '--last', '999');
  const runs = z
    .array(z.object({ state: z.string(), exitCode: z.number().optional() }))
    .parse(
      history.stdout
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    )
    .reverse();
  const wasKilled = nights.codes[killedOn] === -1;
  const finished = runs.flatMap(({ state, exitCode }) => (state === 'finished' ? [exitCode] : []));
  assert.deepEqual(finished, wasKilled ? nights.codes.toSpliced(killedOn, 1) : nights.codes);
  const others = runs.flatMap(({ state }) => (state === 'finished' ? [] : [state]));
  assert.deepEqual(others, wasKilled ? ['cut-off'] : [], 'a killed run is shown as cut off');
  // What a first prune notes, the next removes: both need some nights.
  if (plan.nights > 14) {
    assert.match(history.stdout, /"forget":\{"outcome":\{"kind":"good"\},"removed":[1-9]/, 'something was forgotten');
    assert.match(history.stdout, /"prune":\{"outcome":\{"kind":"good"\},"freedBytes":[1-9]/, 'space was given back');
  }
  const metrics = await readFile(join(nights.folder, 'mailkeep.prom'), 'utf8');
  assert.match(metrics, /^mailkeep_account_outcome\{account="alice",outcome="good"\} 1$/m);
  assert.match(metrics, /^mailkeep_repository_monthly_cost\{repository="main",currency="EUR"\} /m);
};
