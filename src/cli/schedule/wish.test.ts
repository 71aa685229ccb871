import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readEnvironment } from '../../config/environment.ts';
import { isFault } from '../../model/fault.ts';
import { loadConfigSchema } from '../../registry.ts';
import { scheduleWishes } from './wish.ts';

const createSchema = await loadConfigSchema();

const wishesOf = ({ file = '/etc/mailkeep.yaml', location = '/srv/mail', state = '/var/state' }, more: object = {}) => {
  const config = createSchema((path) => path).parse({ version: 1, repositories: { main: { location } }, ...more });
  const environment = readEnvironment({ HOME: '/home/alice', XDG_STATE_HOME: state });
  return scheduleWishes({ file, config }, { name: 'mailkeep', scope: 'user' }, { environment });
};

const server = (more: object = {}) => ({
  components: { mail: { folders: { vmail: '/var/vmail' } } },
  disk: { path: '/mnt/backup-hdd/mailserver' },
  ...more,
});

describe('what a schedule is made of', () => {
  test('B14: a configuration without accounts is maintained', () => {
    assert.deepEqual(wishesOf({})[0]?.command.slice(2), [
      'maintain',
      '--scheduled',
      '--quiet',
      '--config',
      '/etc/mailkeep.yaml',
    ]);
  });

  test('B14: a server has a daily and a weekly backup, each with its own time, and a share of the processors', () => {
    const wishes = wishesOf(
      {},
      { servers: { mailserver: server(), other: server({ schedule: { daily: 'never', weekly: 'never' } }) } },
    );
    assert.deepEqual(
      wishes.map(({ name, command, rules, processorShare }) => [
        name,
        command.slice(2, 5),
        rules[0]?.hours,
        processorShare,
      ]),
      [
        ['mailkeep-mailserver-daily', ['run', 'mailserver', '--daily'], [3], 0.3],
        ['mailkeep-mailserver-weekly', ['run', 'mailserver', '--weekly'], [4], 0.3],
      ],
    );
    assert.deepEqual(wishes[1]?.rules[0]?.weekDays, [0]);
    assert.ok(wishes[0]?.writable.includes('/mnt/backup-hdd/mailserver'));
  });

  test('B12: a server that is to be drilled has a timer for that, every quarter where nothing else is said', () => {
    const wishes = wishesOf({}, { servers: { mailserver: server({ drill: { sample: '5%' } }) } });
    const drill = wishes.find(({ name }) => name === 'mailkeep-mailserver-drill');
    assert.deepEqual(drill?.command.slice(2, 5), ['drill', 'mailserver', '--scheduled']);
    assert.deepEqual(drill.rules, [
      { minutes: [0], hours: [5], monthDays: [1], months: [1, 4, 7, 10], weekDays: undefined },
    ]);
    assert.ok(drill.writable.includes('/var/tmp'));
    const never = wishesOf({}, { servers: { mailserver: server({ drill: { schedule: 'never' } }) } });
    assert.equal(never.length, 2);
  });

  for (const { what, more } of [
    { what: 'the path of the configuration', more: { file: '/etc/mail\nExecStart=/bin/evil' } },
    { what: 'a folder to write to', more: { location: '/srv/mail\r' } },
    { what: 'the variable XDG_STATE_HOME', more: { state: '/var/state\u0085' } },
  ]) {
    test(`B14: a control character in ${what} is refused, as it could begin a line of its own`, () => {
      assert.throws(
        () => wishesOf(more),
        (fault) => isFault(fault, 'configuration') && fault.message.includes('control character'),
      );
    });
  }
});
