import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { imapAccountSetting } from '../protocol/imap/config.ts';
import { notificationSetting } from '../notify/notification-setting.ts';
import { filesComponentSetting } from '../protocol/server/files-component-setting.ts';
import { createConfigSchema } from './config-schema.ts';
import type { ConfigProblem } from './config-problem.ts';
import { parseConfig } from './parse-config.ts';
import { upkeepOf, usualUpkeep } from './upkeep-setting.ts';

const resolve = (path: string): string => path.replace(/^~/, '/home/alice').replace(/^(?!\/)/, '/etc/');
const schema = createConfigSchema(
  {
    account: imapAccountSetting(resolve),
    component: filesComponentSetting(resolve),
    notification: notificationSetting(resolve),
  },
  resolve,
);

const good = (text: string) => {
  const parsed = parseConfig(text, schema);
  if (parsed.kind === 'bad') return assert.fail(JSON.stringify(parsed.problems, undefined, 1));
  return parsed;
};

const problems = (text: string): readonly ConfigProblem[] => {
  const parsed = parseConfig(text, schema);
  return parsed.kind === 'bad' ? parsed.problems : assert.fail('it was expected to be wrong');
};

const account = (more: string, login = '{password: {file: secret}}'): string =>
  ['version: 1', 'accounts:', '  mail:', '    host: imap.example.com', `    login: ${login}`]
    .concat(more.split('\n').map((line) => `    ${line}`))
    .join('\n');

const seed = `version: 1
repositories:
  main:
    location: ~/backup
    password: {command: pass show backup}
accounts:
  fastmail:
    host: imap.fastmail.com
    user: alice@example.com
    login:
      password: {file: ~/vps/tools/fastmail_backup/Password.IMAP.Fastmail}
    folders:
      exclude: [Spam, Trash]
    store: {mirror: ~/offlineimap/Mail}
`;

describe('a configuration that is right', () => {
  test('A1: the configuration of the seed, without Spam and Trash; defaults are filled in, paths are absolute', () => {
    const { config, holdsSecret } = good(seed);
    const { fastmail } = config.accounts;
    assert.equal(holdsSecret, false);
    assert.deepEqual(fastmail, {
      host: 'imap.fastmail.com',
      port: 993,
      security: 'tls',
      user: 'alice@example.com',
      login: {
        kind: 'password',
        value: { kind: 'file', value: '/home/alice/vps/tools/fastmail_backup/Password.IMAP.Fastmail' },
      },
      connections: 4,
      folders: { exclude: ['Spam', 'Trash'] },
      store: { kind: 'mirror', folder: '/home/alice/offlineimap/Mail' },
      brake: { goneShare: 0.2, goneMessages: 50, renewedFoldersShare: 0.5, changedBodies: 5 },
    });
    assert.equal(config.repositories['main']?.location, '/home/alice/backup');
  });

  test('the port follows from the security, and a given one stands', () => {
    const portOf = (more: string): number | undefined =>
      good(account(`user: a\n${more}`)).config.accounts['mail']?.port;
    assert.deepEqual(['security: tls', 'security: starttls', 'port: 10993'].map(portOf), [993, 143, 10_993]);
  });

  test('a location that names a service is left as it is, a folder is made absolute', () => {
    const of = (location: string): string | undefined =>
      good(`version: 1\nrepositories: {x: {location: "${location}"}}`).config.repositories['x']?.location;
    assert.deepEqual(['s3:s3.us-west-2.amazonaws.com/B', 'backup', '/srv/a:b', './a:b'].map(of), [
      's3:s3.us-west-2.amazonaws.com/B',
      '/etc/backup',
      '/srv/a:b',
      '/etc/./a:b',
    ]);
  });

  test('B8: a secret in the file itself is noticed', () => {
    assert.equal(good(account('user: a', '{password: {value: hunter2}}')).holdsSecret, true);
  });

  test('credentials of a storage are secrets under the names of their variables', () => {
    const text = `version: 1
repositories:
  a: {location: 's3:x/y', options: {s3.region: us-west-2}, environment: {AWS_SECRET_ACCESS_KEY: {file: /k}}}
`;
    const { options, environment } = good(text).config.repositories['a'] ?? assert.fail();
    assert.deepEqual(options, { 's3.region': 'us-west-2' });
    assert.deepEqual(environment, { AWS_SECRET_ACCESS_KEY: { kind: 'file', value: '/k' } });
    const plain = text.replace('{file: /k}', 'hunter2');
    assert.match(problems(plain)[0]?.hint ?? '', /Put the secret into a file of its own/);
  });

  test('anchors and aliases may be used with measure', () => {
    const text = `version: 1\nrepositories:\n  a: {location: /a, password: &p {file: /p}}\n  b: {location: /b, password: *p}\n`;
    assert.deepEqual(good(text).config.repositories['b']?.password, { kind: 'file', value: '/p' });
  });

  test('a merge key brings in the settings of another entry, of which its own win', () => {
    const text = `version: 1\nrepositories:\n  a: &a\n    location: /a\n    password: {file: /p}\n    appendOnly: true\n  b:\n    <<: *a\n    location: /b\n`;
    const { b } = good(text).config.repositories;
    assert.deepEqual([b?.location, b?.password, b?.appendOnly], ['/b', { kind: 'file', value: '/p' }, true]);
    assert.match(problems(text.replace('    <<: *a', '    <<: 3'))[0]?.hint ?? '', /<<: \*name/);
    const [wrong] = problems(text.replace('appendOnly: true', 'appendonly: true'));
    assert.deepEqual([wrong?.line, wrong?.hint?.includes('appendOnly')], [6, true]);
  });

  test('A6: a fingerprint is understood with and without colons', () => {
    const colons = Array.from({ length: 32 }, () => 'AB').join(':');
    const { accounts } = good(account(`user: a\ncertificateFingerprint: "${colons}"`)).config;
    assert.equal(accounts['mail']?.certificateFingerprint, 'ab'.repeat(32));
  });
});

describe('the upkeep of a repository', () => {
  const repository = (more: string): string =>
    `version: 1\nrepositories:\n  main: {location: /a${more}}\n  offsite: {location: /b}\n`;
  const upkeep = (more: string) => {
    const { main } = good(repository(more)).config.repositories;
    return main === undefined ? assert.fail() : upkeepOf(main);
  };

  test('without a word of it all is read within 30 days and nothing is forgotten, pruned or copied', () => {
    assert.deepEqual(upkeep(''), usualUpkeep);
  });

  test('B4: retention is the policy of forget, and prune comes every week with it', () => {
    const rules = 'keepDaily: 30, keepYearly: unlimited, keepWithin: 1y5m, keepTags: ["a,b", c]';
    const { retention, pruneEvery, verifyWithin } = upkeep(`, verifyWithin: 2w, retention: {${rules}}`);
    assert.equal(verifyWithin, 14 * 86_400_000);
    assert.equal(pruneEvery, 7 * 86_400_000);
    assert.deepEqual(retention?.tags, [['a', 'b'], ['c']]);
    assert.deepEqual([retention.buckets.daily, retention.buckets.yearly], [30, 'unlimited']);
    assert.deepEqual(retention.within, { years: 1, months: 5, days: 0, hours: 0 });
    assert.equal(upkeep(', retention: {keepLast: 1}, pruneEvery: never').pruneEvery, undefined);
    assert.equal(upkeep(', pruneEvery: 12h').pruneEvery, 43_200_000);
  });

  for (const [what, more, expected] of [
    [
      'a copy into nowhere',
      ', copyTo: [offsit]',
      /^3:33 repositories\.main\.copyTo\.0 is the name of no repository; there are: offsite/,
    ],
    [
      'a copy into itself',
      ', copyTo: [offsite, main]',
      /^3:42 repositories\.main\.copyTo\.1 is this repository itself/,
    ],
    [
      'retention without rules',
      ', retention: {}',
      /repositories\.main\.retention keeps nothing: give at least one of keepLast/,
    ],
    [
      'retention that nothing proves',
      ', retention: {keepLast: 1}, verifyWithin: never',
      /verifyWithin cannot be never where there is/,
    ],
    ['a count of none', ', retention: {keepLast: 0}', /keepLast must be at least 1/],
    ['a span without a unit', ', retention: {keepWithin: 30}', /keepWithin must be text.*quotes/],
    ['a time in words', ', verifyWithin: monthly', /verifyWithin must be a time such as 12h, 30d or 2w, or never/],
    ['a share of everything', ', maxUnused: 100%', /maxUnused must be a share below 100%/],
    ['a misspelt rule', ', retention: {keepDayly: 3}', /keepDayly is not known.*Is keepDaily meant/],
  ] as const) {
    test(`${what} is told`, () => {
      const lines = problems(repository(more)).map(
        ({ line, column, setting, message, hint = '' }) => `${line}:${column} ${setting} ${message} ${hint}`,
      );
      assert.match(lines.join('\n'), expected);
    });
  }
});

describe('a configuration that is wrong', () => {
  test('all problems are told at once, each with line, column, sentence and hint', () => {
    const found = problems(`version: 1
repositries: {}
accounts:
  mail:
    hots: imap.example.com
    host: https://imap.example.com
    security: startls
    user: 42
    login: {password: hunter2}
    connections: 0
    folders: {exclude: Spam}
  -x: {}
`);
    assert.deepEqual(
      found.map(({ line, column, setting, message, hint }) =>
        [line, column, setting, message, ...(hint === undefined ? [] : [hint])].join('|'),
      ),
      [
        '2|1|repositries|is not known|Is repositories meant?',
        '5|5|accounts.mail.hots|is not known|Is host meant?',
        '6|11|accounts.mail.host|must be the name of a host, without a scheme or a port',
        '7|15|accounts.mail.security|must be one of tls, starttls, none|Is starttls meant?',
        '8|11|accounts.mail.user|must be text|Put it in quotes.',
        '9|23|accounts.mail.login.password|must have settings of its own|Put the secret into a file of its own and write {file: PATH}, or {command: …}, {environment: …}, {keyring: …}.',
        '10|18|accounts.mail.connections|must be at least 1',
        '11|24|accounts.mail.folders.exclude|must be a list|Write [one, two], or a line with - for each.',
        '12|3|accounts.-x|is no name: it must begin with a letter or digit, and have only letters, digits and . _ @ + - in it',
      ],
    );
  });

  test('a secret that stands where it must not is not repeated in the complaint', () => {
    assert.doesNotMatch(JSON.stringify(problems(account('user: a', '{password: hunter2}'))), /hunter2/);
  });

  const cases: readonly (readonly [what: string, text: string, problem: RegExp])[] = [
    ['a tab as indentation', 'version: 1\naccounts:\n\tmail: {}\n', /^3:1 .*tab.*Indent with spaces/],
    ['a setting that is there twice', 'version: 1\nversion: 1\n', /^2:1 .*there twice/],
    ['several documents', 'version: 1\n---\nversion: 1\n', /^2:1 .*several documents/],
    ['a quote without an end', 'version: "1\n', /no YAML/],
    ['a tag of another program', 'version: !!python/name 1\n', /^1:10 .*no YAML/],
    ['an empty file', '# nothing\n', /^1:1 .*is empty.*config sample/],
    ['a list', '- version: 1\n', /must have settings of its own/],
    ['no version', 'accounts: {}\n', /^1:1 version is missing/],
    ['a key that is no text', 'version: 1\n? [a]\n: 1\n', /no YAML/],
    ['a password without TLS', account('user: a\nsecurity: none'), /^7:15 .*in the clear/],
    ['no user', account('connections: 2'), /accounts\.mail\.user is missing/],
    ['many users with one password', account('users: [a, b]'), /opens one account only/],
    ['a secret from two places', account('user: a', '{password: {file: a, command: b}}'), /exactly one of/],
    ['a login of no kind', account('user: a', '{}'), /exactly one of: password, oauth/],
    ['a store of no kind', account('user: a\nstore: mirror'), /"direct", or \{mirror: FOLDER\}/],
    ['a misspelt store', account('user: a\nstore: {miror: x}'), /store\.miror is not known.*Is mirror meant/],
    ['a repository that is not there', account('user: a\nrepository: main'), /no repository; there are none/],
    [
      'several repositories and no choice',
      `${account('user: a')}\nrepositories: {one: {location: /1}, two: {location: /2}}`,
      /must name one of several/,
    ],
    [
      'tokens over plain HTTP',
      account('user: a', '{oauth: {provider: custom, clientId: x, scopes: [y], tokenEndpoint: "http://a.example/"}}'),
      /https:/,
    ],
  ];
  for (const [what, text, expected] of cases) {
    test(`${what} is told`, () => {
      const lines = problems(text).map(
        ({ line, column, setting, message, hint = '' }) => `${line}:${column} ${setting} ${message} ${hint}`,
      );
      assert.match(lines.join('\n'), expected);
    });
  }

  test('a newer version is refused without a look at the rest', () => {
    const [only, ...more] = problems('version: 2\nnovelty: true\n');
    assert.match(only?.message ?? '', /is 2, and this program knows up to 1/);
    assert.deepEqual(more, []);
  });

  test('aliases that multiply end quickly, and so does one that contains itself', () => {
    const levels = Array.from({ length: 9 }, (_, level) =>
      level === 0 ? 'a0: &a0 [x, x, x, x, x, x, x, x, x]' : `a${level}: &a${level} [${`*a${level - 1}, `.repeat(9)}]`,
    );
    assert.match(problems(['version: 1', ...levels].join('\n'))[0]?.message ?? '', /repeat too much/);
    assert.ok(problems('version: 1\naccounts: &a {x: *a}\n').length > 0);
  });

  test('names that JavaScript gives a meaning are names like others', () => {
    const { config } = good('version: 1\nrepositories:\n  constructor: {location: /a}\n');
    assert.equal(config.repositories['constructor']?.location, '/a');
    assert.ok(problems('version: 1\n__proto__: {accounts: 1}\n').length > 0);
  });
});
