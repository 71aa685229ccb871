import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readEnvironment } from '../../config/environment.ts';
import { isFault } from '../../model/fault.ts';
import { loadConfigSchema } from '../../registry.ts';
import { scheduleWish } from './wish.ts';

const createSchema = await loadConfigSchema();

const wishOf = ({ file = '/etc/mailkeep.yaml', location = '/srv/mail', state = '/var/state' }) => {
  const config = createSchema((path) => path).parse({ version: 1, repositories: { main: { location } } });
  const environment = readEnvironment({ HOME: '/home/alice', XDG_STATE_HOME: state });
  return scheduleWish({ file, config }, { name: 'mailkeep', scope: 'user' }, { environment });
};

describe('what a schedule is made of', () => {
  test('B14: a configuration without accounts is maintained', () => {
    assert.deepEqual(wishOf({}).command.slice(2), [
      'maintain',
      '--scheduled',
      '--quiet',
      '--config',
      '/etc/mailkeep.yaml',
    ]);
  });

  for (const { what, more } of [
    { what: 'the path of the configuration', more: { file: '/etc/mail\nExecStart=/bin/evil' } },
    { what: 'a folder to write to', more: { location: '/srv/mail\r' } },
    { what: 'the variable XDG_STATE_HOME', more: { state: '/var/state\u0085' } },
  ]) {
    test(`B14: a control character in ${what} is refused, as it could begin a line of its own`, () => {
      assert.throws(
        () => wishOf(more),
        (fault) => isFault(fault, 'configuration') && fault.message.includes('control character'),
      );
    });
  }
});
