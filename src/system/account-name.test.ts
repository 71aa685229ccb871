import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createAccountNames, parseAccounts } from './account-name.ts';

describe('names of users and groups', () => {
  test('the first name of a number counts, and what is no account is passed over', () => {
    const names = parseAccounts(
      'root:x:0:0::/root:/bin/sh\ntoor:x:0:0\n# c:x:9:\n+::::\nvmail:x:5000:5000::/\nbad:x:-1\n',
    );
    assert.deepEqual(
      [...names],
      [
        [0, 'root'],
        [5000, 'vmail'],
      ],
    );
  });

  test('files are read once, at the first question; a missing one knows nobody', (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'mailkeep-accounts-'));
    t.after(() => rmSync(directory, { recursive: true }));
    const passwd = join(directory, 'passwd');
    const names = createAccountNames({ passwd, group: join(directory, 'none') });
    writeFileSync(passwd, 'alice:x:1000:1000::/home/alice:/bin/sh\n');
    assert.equal(names.user(1000), 'alice');
    rmSync(passwd);
    assert.equal(names.user(1000), 'alice');
    assert.equal(names.user(1), '');
    assert.equal(names.group(1000), '');
  });
});
