import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { imapAccountSetting } from '../protocol/imap/config.ts';
import { notificationSetting } from '../notify/notification-setting.ts';
import { filesComponentSetting } from '../protocol/server/files-component-setting.ts';
import { loadConfigSchema } from '../registry.ts';
import { createConfigSchema } from './config-schema.ts';
import { parseConfig } from './parse-config.ts';

const resolve = (path: string): string => path.replace(/^~/, '/home/alice').replace(/^(?!\/)/, '/etc/');
const schema = createConfigSchema(
  {
    account: imapAccountSetting(resolve),
    component: filesComponentSetting(resolve),
    notification: notificationSetting(resolve),
  },
  resolve,
);

const yaml = (server: string): string =>
  ['version: 1', 'repositories: {main: {location: /srv/repository}}', 'servers:', '  mailserver:', server].join('\n');

const mistakes = (server: string): readonly string[] => {
  const parsed = parseConfig(yaml(server), schema);
  if (parsed.kind === 'good') return [];
  return parsed.problems.map(({ setting, message }) => `${setting.replace(/^servers\.mailserver\.?/, '')}: ${message}`);
};

const seed = `
    root: /opt/mailserver
    components:
      mail: { folders: { vmail: data/mail/vmail, sieve: data/mail/sieve }, exclude: ['*.tmp'] }
      config: { folders: { config: config }, files: [docker-compose.yml, .env] }
      ssl: { folders: { certbot: data/certbot } }
      dkim: { folders: { opendkim-keys: config/opendkim/keys } }
    disk:
      path: /mnt/backup-hdd/mailserver
      mounts: [{ uuid: 3f1b0e66-6a0c-4d0c-9d52-0a4f8e1f6c11, marker: .mailkeep-disk }]
    repository: main
`;

describe('a server in the configuration', () => {
  test('a mistake in a database, and in a folder, is told where it is, and not what the other form would need', async () => {
    const whole = (await loadConfigSchema())(resolve);
    const told = (component: string): readonly string[] => {
      const server = `
    root: /opt/mailserver
    components: { one: ${component} }
    repository: main`;
      const parsed = parseConfig(yaml(server), whole);
      assert.ok(parsed.kind === 'bad', component);
      return parsed.problems.map(({ setting, message, hint = '' }) =>
        [setting.replace(/^servers\.mailserver\.components\.one\.?/, ''), message, hint].join('|'),
      );
    };
    assert.deepEqual(told('{ database: mariadb, databases: [usermgmt], socket: }'), ['socket|must be text|']);
    assert.deepEqual(told('{ database: mariadb, sockets: /run/s }'), ['sockets|is not known|Is socket meant?']);
    assert.deepEqual(told('{ database: mariabd }'), [
      'database|must be one of mariadb, mysql, postgres, sqlite, redis|',
    ]);
    assert.deepEqual(told('{ foldes: { certbot: certbot }, form: tree }'), [
      '|must have folders or files|',
      'foldes|is not known|Is folders meant?',
    ]);
  });

  test('B1: components stay in their order, and everything else has the values of the design', () => {
    const parsed = parseConfig(yaml(seed), schema);
    assert.ok(parsed.kind === 'good', JSON.stringify(parsed));
    const { mailserver } = parsed.config.servers;
    assert.ok(mailserver !== undefined);
    assert.deepEqual(Object.keys(mailserver.components), ['mail', 'config', 'ssl', 'dkim']);
    assert.deepEqual(mailserver.retries, [10_000, 20_000, 40_000]);
    assert.deepEqual(mailserver.gentle, { nice: 19, io: 'idle', cpu: 0.3 });
    const { keepDaily, keepWeekly, warnAt, reserve } = mailserver.disk ?? {};
    assert.deepEqual([keepDaily, keepWeekly, warnAt, reserve], [30, 12, 80, 1_073_741_824]);
    assert.deepEqual(mailserver.schedule.daily?.hours, [3]);
    assert.deepEqual([mailserver.schedule.weekly?.hours, mailserver.schedule.weekly?.weekDays], [[4], [0]]);
  });

  test('B1: a folder outside of the root, the same path twice, and two of one name are told each where it stands', () => {
    assert.deepEqual(
      mistakes(`
    root: /opt/mailserver
    components:
      mail: { folders: { vmail: data/mail, other: ../elsewhere } }
      config: { folders: { '.env': config }, files: [.env, data/mail/] }
      scripts: { folders: { again: /opt/mailserver/data/mail } }
    repository: main
`),
      [
        'components.mail.folders.other: leads out of /opt/mailserver; where that is meant, write the whole path',
        'components.config.files.0: would lie as .env beside another of that name',
        'components.config.files.1: is the same path as components.mail.folders.vmail',
        'components.scripts.folders.again: is the same path as components.mail.folders.vmail',
      ],
    );
  });

  test('B1: an unknown component must have a form, and a likely mistake is named', () => {
    const one = (component: string): readonly string[] =>
      mistakes(`
    root: /opt
    components: { ${component} }
    repository: main
`);
    assert.deepEqual(one('mial: {folders: {a: a}}'), [
      'components.mial: is none of mail, logs, scripts, config, ssl, dkim, so it must have a form, tree or archive; is mail meant?',
    ]);
    assert.deepEqual(one('webmail: {folders: {a: a}, form: archive}'), []);
    assert.deepEqual(one('config: {}'), ['components.config: must have folders or files']);
    assert.deepEqual(one('config: {folders: {a/b: a}}'), [
      'components.config.folders.a/b: is no name of a folder: it may not be empty, or have a / in it',
    ]);
    assert.match(one("mail: {folders: {a: a}, exclude: ['[']}")[0] ?? '', /^components\.mail\.exclude\.0: /);
    assert.match(one('backup.log: {folders: {a: a}}')[0] ?? '', /is the name of a file of ours/);
  });

  test('B1: a server without a destination, or with one that is not there, is refused', () => {
    const components = 'components: {mail: {folders: {vmail: /var/vmail}}}';
    assert.deepEqual(mistakes(`    ${components}`), [': has no destination: give it a disk, a repository, or both']);
    assert.deepEqual(mistakes(`    ${components}\n    repository: other`), [
      'repository: is the name of no repository; there are: main',
    ]);
    assert.deepEqual(mistakes('    components: {mail: {folders: {vmail: vmail}}}\n    repository: main'), [
      'components.mail.folders.vmail: is relative, and the server has no root that it could begin at',
    ]);
    assert.deepEqual(mistakes(`    ${components}\n    disk: {path: /mnt/disk, mounts: [{}]}`), [
      'disk.mounts.0: must have a uuid or a marker by which the disk is known',
    ]);
  });

  test('B14: times of a schedule, shares and sizes are read, and mistakes in them named', () => {
    const rest = (more: string): readonly string[] =>
      mistakes(`    components: {mail: {folders: {vmail: /var/vmail}}}\n    repository: main\n    ${more}`);
    assert.deepEqual(rest('schedule: {daily: never, weekly: Saturday 5:30}'), []);
    assert.deepEqual(rest('schedule: {weekly: 04:00}'), [
      'schedule.weekly: must be a day and a time such as "Sun 04:00", or never',
    ]);
    assert.deepEqual(rest('gentle: {cpu: 0%}'), ['gentle.cpu: must be a share from 1% to 100%']);
    assert.deepEqual(rest('retries: [soon]'), ['retries.0: must be a time such as 10s or 2m']);
  });
});
