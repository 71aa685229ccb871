import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { displayText } from '../../model/byte-string.ts';
import { chooseDatabases } from './choose-databases.ts';
import { databaseOfDump, dumpName } from './dump-file.ts';
import { passwordFile, passwordsIn } from './mariadb/option-file.ts';
import { withoutSecrets } from './said.ts';

describe('dumps and their names', () => {
  for (const [database, name] of [
    ['usermgmt', 'usermgmt.sql'],
    ['a/b', 'a%2Fb.sql'],
    ['..', '%2E..sql'],
    ['50%', '50%25.sql'],
    ['users', '%75sers.sql'],
    ['メール', 'メール.sql'],
  ] as const) {
    test(`the database ${database} is ${name}, and back`, () => {
      const file = dumpName(database, '.sql', ['users.sql']);
      assert.equal(displayText(file), name);
      assert.equal(databaseOfDump(file, '.sql'), database);
    });
  }

  test('wanted databases that are not there are told apart from those that are', () => {
    const listed = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
    assert.deepEqual(chooseDatabases(listed, { exclude: ['b'] }), {
      chosen: [{ name: 'a' }, { name: 'c' }],
      absent: [],
    });
    const some = { databases: ['a', 'x', 'b', 'x'], exclude: ['b'] };
    assert.deepEqual(chooseDatabases(listed, some), { chosen: [{ name: 'a' }], absent: ['x'] });
  });

  test('B13: a password is found in an option file however it is quoted, and in nothing that is said', () => {
    const password = `p"w'd #;\\n`;
    const hidden = passwordsIn(passwordFile(password));
    assert.ok(hidden.includes(password));
    assert.equal(withoutSecrets(`Access denied for ${password}!`, hidden), 'Access denied for •••!');
    assert.deepEqual(passwordsIn('[client]\npassword = plain \nuser=x\n'), ['plain', 'plain', 'plain']);
  });
});
