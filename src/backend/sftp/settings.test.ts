import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { usualStorageSettings } from '../../contract/storage-settings.ts';
import { isFault } from '../../model/fault.ts';
import { describeSftp, isSftpSettings, parseSftpLocation, sftpSettings } from './settings.ts';

describe('locations on SFTP servers, as restic writes them', () => {
  const understood = [
    ['sftp:alice@nas:/backup', { user: 'alice', host: 'nas', port: undefined, path: '/backup' }],
    ['sftp:nas:backup/mail/', { user: undefined, host: 'nas', port: undefined, path: 'backup/mail' }],
    ['sftp:alice@[2001:db8::1]:/b', { user: 'alice', host: '2001:db8::1', port: undefined, path: '/b' }],
    ['sftp://alice@nas:2222//srv/b', { user: 'alice', host: 'nas', port: 2222, path: '/srv/b' }],
    ['sftp://nas/b', { user: undefined, host: 'nas', port: undefined, path: 'b' }],
    ['sftp://a%40b@[::1]:22//b%20c', { user: 'a@b', host: '::1', port: 22, path: '/b c' }],
    [
      'sftp:nas:/メール',
      {
        user: undefined,
        host: 'nas',
        port: undefined,
        path: '/\u00e3\u0083\u00a1\u00e3\u0083\u00bc\u00e3\u0083\u00ab',
      },
    ],
  ] as const;
  for (const [location, expected] of understood) {
    test(`${location} is understood`, () => assert.deepEqual(parseSftpLocation(location), expected));
  }

  const refused = ['sftp:nas', 'sftp::/b', 'sftp:nas:', 'sftp://nas', 'sftp:nas:~/b', 'sftp:-oProxyCommand=x:/b'];
  for (const location of [...refused, 'sftp://-x/b', 'sftp:-l@nas:/b']) {
    test(`${location} is refused as usage`, () => {
      assert.throws(
        () => parseSftpLocation(location),
        (thrown) => isFault(thrown, 'usage'),
      );
    });
  }

  test('a password in a location is refused, and not repeated', () => {
    assert.throws(
      () => parseSftpLocation('sftp://alice:hunter2@nas/b'),
      (thrown) => isFault(thrown, 'usage') && !thrown.message.includes('hunter2'),
    );
  });

  test('the description can be given back as a location', () => {
    for (const [location] of understood.slice(0, 4)) {
      const place = parseSftpLocation(location);
      assert.deepEqual(parseSftpLocation(describeSftp(place)), place);
    }
  });
});

describe('options of SFTP', () => {
  const withOptions = (options: Record<string, string>) =>
    sftpSettings('sftp:nas:/b', {
      ...usualStorageSettings,
      options,
      variables: { HOME: '/home/a', SSH_AUTH_SOCK: '/a' },
    });

  test('sftp.command and sftp.args are split as a shell splits', () => {
    const command = 'ssh -i "/my key" nas -s sftp';
    assert.deepEqual(withOptions({ 'sftp.command': command }).command, ['ssh', '-i', '/my key', 'nas', '-s', 'sftp']);
    assert.deepEqual(withOptions({ 'sftp.args': "-o 'User=a b'" }).args, ['-o', 'User=a b']);
  });

  test('both together, an unknown option and a strange number are refused', () => {
    for (const options of [
      { 'sftp.command': 'a', 'sftp.args': 'b' },
      { 'sftp.comand': 'a' },
      { 'sftp.connections': '0' },
      { 'sftp.connections': 'many' },
    ]) {
      assert.throws(
        () => withOptions(options),
        (thrown) => isFault(thrown, 'usage'),
      );
    }
  });

  test('they cross to another thread as they are', () => {
    const settings = withOptions({ 'sftp.connections': '8', 's3.region': 'x' });
    assert.equal(settings.connections, 8);
    assert.equal(settings.agentSocket, '/a');
    assert.ok(isSftpSettings(structuredClone(settings)));
    assert.ok(!isSftpSettings({ ...settings, args: [1] }));
  });
});
