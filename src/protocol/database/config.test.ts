import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { databaseSetting } from './config.ts';

const parse = (setting: unknown) => databaseSetting((path) => `/etc/mailkeep/${path}`).safeParse(setting);
const problem = (setting: unknown): string =>
  parse(setting)
    .error?.issues.map(({ message }) => message)
    .join() ?? '';

describe('the settings of a database', () => {
  test('are as short as they can be, with all else as usual', () => {
    const { data } = parse({ database: 'mariadb', in: { docker: 'mailserver-mariadb' }, defaultsFile: 'my.cnf' });
    assert.ok(data?.database === 'mariadb');
    assert.deepEqual(data.in, { kind: 'docker', value: 'mailserver-mariadb' });
    assert.equal(data.defaultsFile, '/etc/mailkeep/my.cnf');
    assert.equal(data.users, true);
  });

  test('name a service of a compose file, a container of Podman, or neither', () => {
    const compose = parse({ database: 'postgres', in: { compose: { file: 'compose.yml', service: 'db' } } }).data;
    assert.deepEqual(compose?.database === 'postgres' && compose.in?.value, {
      file: '/etc/mailkeep/compose.yml',
      service: 'db',
    });
    assert.equal(parse({ database: 'redis', in: { podman: 'redis' } }).success, true);
    assert.match(problem({ database: 'redis', in: { podman: 'a', docker: 'b' } }), /exactly one of/);
  });

  test('refuse what contradicts itself', () => {
    assert.match(problem({ database: 'mysql', defaultsFile: 'a', password: { value: 'b' } }), /cannot stand beside/);
    assert.match(problem({ database: 'mysql', port: 3306 }), /needs a host/);
    assert.match(problem({ database: 'sqlite', files: {} }), /at least one/);
    assert.match(problem({ database: 'sqlite', files: { '../x': 'y' } }), /without a slash|Invalid key/);
    assert.equal(parse({ database: 'oracle' }).success, false);
  });
});
