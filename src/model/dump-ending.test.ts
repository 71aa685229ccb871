import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dumpEndingOf } from './dump-ending.ts';

describe('the ending of a dump', () => {
  const wholes: readonly (readonly [string, string, string])[] = [
    ['of mariadb-dump', 'a.sql', 'INSERT …;\n\n-- Dump completed on 2026-01-02  3:04:05\n'],
    ['of mariadb-dump without the date', 'a.sql', '/*!40111 SET SQL_NOTES=@OLD_SQL_NOTES */;\n\n-- Dump completed\n'],
    ['of pg_dump', 'a.sql', 'ALTER …;\n\n--\n-- PostgreSQL database dump complete\n--\n\n'],
    ['of pg_dump since 2025', 'a.sql', '\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict aB3dE\n\n'],
    ['of pg_dumpall', 'globals.sql', '\n--\n-- PostgreSQL database cluster dump complete\n--\n\n'],
    ['of Redis', 'dump.rdb', 'REDIS0010\xff\x01\n\x03\x04\x05\x06\x07\x08'],
  ];
  for (const [what, name, ending] of wholes) {
    test(`B4: ${what} says that it is whole`, () => assert.equal(dumpEndingOf(name, ending), 'whole'));
    test(`B4: ${what}, cut by a byte or more, says that it is cut`, () => {
      for (const bytes of [10, 20]) assert.equal(dumpEndingOf(name, ending.trimEnd().slice(0, -bytes)), 'cut');
    });
  }

  test('B4: the words of the ending in a value are not the ending', () => {
    assert.equal(dumpEndingOf('a.sql', "INSERT INTO `t` VALUES ('x\\n-- Dump completed\n"), 'cut');
  });

  test('what has no ending of its own is unknown', () => assert.equal(dumpEndingOf('vmail.sqlite', ''), 'unknown'));
});
