import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { migrateConfig } from './migrate-config.ts';

const migrated = (text: string): string => {
  const migration = migrateConfig(text);
  return migration.kind === 'older' ? migration.text : JSON.stringify(migration);
};

describe('config migrate', () => {
  test('a file that names no version gets one above its first setting, and keeps every other byte', () => {
    assert.equal(migrated('accounts: {}\n'), 'version: 1\naccounts: {}\n');
    const rest = 'accounts:   # ours\n    mail:    {host: a}\n\n\n# the end';
    assert.equal(
      migrated(`# Mail of ours\n\n---\n# accounts\n${rest}`),
      `# Mail of ours\n\n---\n# accounts\nversion: 1\n${rest}`,
    );
  });

  test('lines that end as on Windows go on doing so', () => {
    assert.equal(migrated('# ours\r\naccounts: {}\r\n'), '# ours\r\nversion: 1\r\naccounts: {}\r\n');
  });

  test('one of the newest version stays as it is', () => {
    assert.deepEqual(migrateConfig('version: 1\naccounts: {}\n'), { kind: 'newest' });
  });

  for (const [what, text, expected] of [
    ['of a newer program', 'accounts: {}\nversion: 7\n', /"line":2.*is 7, and this program knows up to 1/],
    ['of no version at all', 'version: soon\n', /must be a whole number/],
    ['between braces, where no line can be put in', '{accounts: {}}\n', /do it by hand/],
    ['that is a list', '- one\n', /must be a whole number/],
    ['that is empty', '# nothing\n', /must be a whole number/],
    ['that is no YAML', 'accounts: [\n', /indentation does not fit/],
  ] as const) {
    test(`a file ${what} is refused`, () => {
      const migration = migrateConfig(text);
      assert.equal(migration.kind, 'bad');
      assert.match(JSON.stringify(migration), expected);
    });
  }
});
