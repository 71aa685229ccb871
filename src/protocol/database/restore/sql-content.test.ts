import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isFault } from '../../../model/fault.ts';
import { SqlContentReader, type SqlContent } from './sql-content.ts';

const read = (sql: string, pieceBytes = Number.MAX_SAFE_INTEGER): SqlContent => {
  const reader = new SqlContentReader();
  const bytes = new TextEncoder().encode(sql);
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.add(bytes.subarray(at, at + pieceBytes));
  return reader.end();
};

const dump = String.raw`-- MariaDB dump 10.19
--
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS ${'`'}a${'`'};
/*!40101 SET character_set_client = utf8mb4 */;
CREATE TABLE ${'`'}a${'`'} (
  ${'`'}id${'`'} int(11) NOT NULL, -- a comment; with a semicolon
  ${'`'}we;ird${'``'}${'`'} varchar(10) DEFAULT 'x;''y\'(' COMMENT "b\"(;"
);
LOCK TABLES ${'`'}a${'`'} WRITE;
INSERT INTO ${'`'}a${'`'} VALUES (1,'one; ('),(2,'it''s \\'),(3,0xFF),
(4,NULL);
INSERT INTO ${'`'}a${'`'} VALUES (5,'five');
UNLOCK TABLES;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=${'`'}root${'`'}@${'`'}localhost${'`'}*/ /*!50003 TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @x = 1*2/3; END */;;
CREATE DEFINER=${'`'}admin${'`'}@${'`'}%${'`'} PROCEDURE ${'`'}event${'`'}()
BEGIN
  SELECT 1; INSERT INTO a VALUES (1);
END ;;
/*!50106 CREATE*/ /*!50117 DEFINER=${'`'}root${'`'}@${'`'}localhost${'`'}*/ /*!50106 EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM a */ ;;
DELIMITER ;
/*!50001 CREATE VIEW ${'`'}v${'`'} AS SELECT
 1 AS ${'`'}id${'`'} */;
/*!50001 DROP VIEW IF EXISTS ${'`'}v${'`'}*/;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=${'`'}root${'`'}@${'`'}old.example${'`'} SQL SECURITY DEFINER */
/*!50001 VIEW ${'`'}v${'`'} AS select 1 */;
INSERT INTO ${'`'}b${'`'} (${'`'}x${'`'}, ${'`'}y${'`'}) VALUES (1,(2)),(3,4);

-- Dump completed
`;

describe('what a dump of MariaDB holds', () => {
  test('tables and their rows, and everything that is no table, whatever stands in texts and comments', () => {
    const content = read(dump);
    assert.deepEqual(
      [...content.tables],
      [
        ['a', 5],
        ['b', 2],
      ],
    );
    const { views, triggers, routines, events } = content;
    assert.deepEqual({ views, triggers, routines, events }, { views: 1, triggers: 1, routines: 1, events: 1 });
    assert.deepEqual(content.definers, ['admin@%', 'root@localhost', 'root@old.example']);
  });

  test('it is the same in pieces of any length', () => {
    const whole = read(dump);
    for (const pieceBytes of [1, 2, 3, 7, 64]) assert.deepEqual(read(dump, pieceBytes), whole);
  });

  for (const statement of [
    'USE `mysql`;',
    'CREATE DATABASE /*!32312 IF NOT EXISTS*/ `other`;',
    'DROP DATABASE `other`;',
    "GRANT ALL ON *.* TO 'x'@'%';",
    'source /etc/passwd;',
    "SET @@GLOBAL.GTID_PURGED='x';",
    '\\! rm -rf /\n',
    'SELECT 1; /*!50000 USE `mysql` */;',
  ]) {
    test(`a dump with ${statement.trim()} is refused`, () => {
      assert.throws(
        () => read(statement),
        (thrown) => isFault(thrown, 'target-unsafe'),
      );
    });
  }

  test('the words of a command in a text are no command', () => {
    assert.equal(read("INSERT INTO `a` VALUES ('\n\\\\! x; USE mysql;\n'),('\\\n');").tables.get('a'), 2);
  });
});
