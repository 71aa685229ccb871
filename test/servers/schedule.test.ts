import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { nextRun } from '../../src/cli/schedule/next-run.ts';
import { calendarLines, parseCron } from '../../src/model/schedule.ts';
import { type CommandResult, runCommand, succeed } from '../requirement/command.ts';
import { createPerson, type Person } from '../journey/program.ts';

describe('B14: a schedule of its own', () => {
  let person: Person;
  let configuration: string;

  const configure = (schedule: string, more = ''): Promise<void> =>
    writeFile(
      configuration,
      [
        'version: 1',
        'repositories: {main: {location: my repository}}',
        'accounts: {alice: {host: localhost, user: alice, login: {password: {file: password}}}}',
        `schedule: ${schedule}`,
        more,
      ].join('\n'),
    );
  const schedule = (...args: readonly string[]): Promise<CommandResult> =>
    person.run(['schedule', ...args, '--config', configuration]);

  before(async () => {
    person = await createPerson();
    configuration = join(person.folder, 'mailkeep.yaml');
    await mkdir(join(person.folder, 'my repository'));
    await configure("{at: ['03:00', '15:30'], days: [mon, sun], randomDelay: 15m}", 'timeZone: Asia/Tokyo');
  });
  after(() => person.leave());

  test('systemd itself finds nothing wrong with the units', async () => {
    for (const scope of [[], ['--user']]) {
      const printed = await schedule('install', '--systemd', ...scope, '--print', '--json');
      assert.equal(printed.code, 0, printed.stderr);
      const { files } = JSON.parse(printed.stdout) as { readonly files: { path: string; text: string }[] };
      const folder = join(person.folder, `units${scope.length}`);
      await mkdir(folder);
      const paths: string[] = [];
      for (const { path, text } of files) {
        const name = join(folder, path.split('/').at(-1) ?? '');
        await writeFile(name, text);
        paths.push(name);
      }
      const verified = await runCommand('systemd-analyze', ['verify', '--man=no', ...paths]);
      const about = verified.stderr.split('\n').filter((line) => line.includes('mailkeep'));
      assert.deepEqual([verified.code, about], [0, []]);
    }
  });

  test('systemd and cron agree when it is time', async () => {
    for (const text of ['0 3 * * *', '*/20 1-3 * jan,jul mon-fri', '30 2 1,15 * fri', '5/20 0 31 * *']) {
      const rule = parseCron(text);
      assert.ok(rule !== undefined);
      const lines = calendarLines(rule, 'Europe/Berlin');
      const times: number[] = [];
      for (const line of lines) {
        const base = ['--base-time=2026-10-24 12:00:00 UTC', line];
        const { stdout } = await runCommand('systemd-analyze', ['calendar', ...base], {
          env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
        });
        const [, date, clock] = /Next elapse: \S+ (\S+) (\S+) UTC/.exec(stdout) ?? [];
        times.push(Date.parse(`${date}T${clock}Z`));
      }
      const next = nextRun([rule], { after: Date.UTC(2026, 9, 24, 12), timeZone: 'Europe/Berlin' });
      assert.equal(next, Math.min(...times), text);
    }
  });

  test('a timer of a user is installed, unchanged the second time, stale after a change, and removed whole', async () => {
    const folder = join(person.home, '.config/systemd/user');
    const installed = await schedule('install', '--user');
    assert.equal(installed.code, 0, installed.stderr);
    assert.match(installed.stdout, /^installed \(systemd\); the next run: \d{4}-/);
    const names = async (): Promise<readonly string[]> => (await readdir(folder, { recursive: true })).toSorted();
    assert.deepEqual(await names(), [
      'mailkeep.service',
      'mailkeep.timer',
      'timers.target.wants',
      'timers.target.wants/mailkeep.timer',
    ]);
    assert.match((await schedule('install', '--user')).stdout, /^already as it should be/);
    const shown = await schedule('show', '--user');
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(shown.stdout, /next run: \d{4}-.*, up to 15 minutes later\n {2}last scheduled run: none yet/);
    await configure("{at: '04:00'}");
    const stale = await schedule('show', '--user', '--json');
    assert.deepEqual([stale.code, (JSON.parse(stale.stdout) as { readonly stale: boolean }).stale], [1, true]);
    assert.match((await schedule('install', '--user')).stdout, /^installed/);
    assert.match(await readFile(join(folder, 'mailkeep.timer'), 'utf8'), /^OnCalendar=\*-\*-\* 04:00:00$/m);
    assert.equal((await schedule('remove', '--user')).code, 0);
    assert.deepEqual(
      (await names()).filter((name) => name.includes('mailkeep')),
      [],
    );
    assert.match((await schedule('remove', '--user')).stdout, /there was no schedule/);
  });

  test('a unit that somebody else wrote, or that is another configuration’s, is left as it is', async () => {
    const path = join(person.home, '.config/systemd/user/mine.timer');
    await writeFile(path, '[Timer]\n');
    for (const verb of ['install', 'remove']) {
      const refused = await schedule(verb, '--user', '--name', 'mine');
      assert.equal(refused.code, 2);
      assert.match(refused.stderr, /was not written by Mailkeep/);
    }
    assert.equal(await readFile(path, 'utf8'), '[Timer]\n');
    assert.equal((await schedule('install', '--user')).code, 0);
    const other = join(person.folder, 'other.yaml');
    await writeFile(other, await readFile(configuration));
    const second = await person.run(['schedule', 'install', '--user', '--config', other]);
    assert.equal(second.code, 2);
    assert.match(second.stderr, /is there already, for .*mailkeep\.yaml/);
    assert.equal((await schedule('remove', '--user')).code, 0);
  });

  test('the real crontab takes the lines, and has every other line as before when they are gone', async (context) => {
    const spool = await stat('/var/spool/cron/crontabs').catch(() => undefined);
    if (process.getuid?.() !== 0 || spool === undefined) {
      context.skip('only root can put a spool of its own in the place of the real one');
      return;
    }
    const others = join(person.folder, 'others');
    await writeFile(others, Buffer.from('# mine\nMAILTO=me\n5 4 * * * echo "50\\%" \xff\n', 'latin1'));
    const mailkeep = `${process.execPath} ${new URL('../../bin/mailkeep.js', import.meta.url).pathname} schedule`;
    const script = `set -e
      mount -t tmpfs -o mode=1730,gid=${spool.gid} tmpfs /var/spool/cron/crontabs
      m() { verb=$1; shift; ${mailkeep} "$verb" --cron --config "$CONFIG" "$@" 2>/dev/null; }
      m install; m remove; ! crontab -l 2>/dev/null
      crontab ${others}
      m install; m install; m show; crontab -l | tail -n +4
      m remove; crontab -l | cmp - ${others} && echo same`;
    const env = { ...person.environment, CONFIG: configuration };
    const output = await succeed('unshare', ['-m', 'sh', '-c', script], { env });
    const lines = output.split('\n').filter((line) => line !== '');
    assert.match(
      lines.join('\n'),
      /^installed \(cron\).*\nremoved \(cron\)\ninstalled \(cron\).*\nalready as it should be \(cron\)/,
    );
    assert.match(output, /^mailkeep: installed \(cron\)$/m);
    assert.match(
      output,
      /^0 4 \* \* \* HOME=\S+ nice -n 19 \S+ \S+mailkeep\.js run --scheduled --quiet --config \S+$/m,
    );
    assert.equal(lines.at(-1), 'same');
  });

  test('cron cannot go by another time zone, and a schedule that is none is told with its line', async () => {
    await configure("{at: '03:00'}", 'timeZone: America/New_York');
    const refused = await schedule('install', '--cron', '--print');
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /time zone of this machine, Asia\/Tokyo/);
    for (const [wrong, sentence] of [
      ["{at: '25:00'}", /must be a time of day such as 03:00/],
      ["{at: '0 3 * * *', days: [mon]}", /cannot stand beside a cron expression/],
      ["{at: '03:00', randomDelay: 2d}", /must be a time such as 90s, 15m or 1h/],
    ] as const) {
      await configure(wrong);
      const told = await schedule('install', '--cron', '--print');
      assert.equal(told.code, 2);
      assert.match(told.stderr, sentence);
    }
  });
});
