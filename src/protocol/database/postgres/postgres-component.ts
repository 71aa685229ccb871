import { z } from 'zod';
import type { Component } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { chooseDatabases } from '../choose-databases.ts';
import type { PostgresSetting } from '../config.ts';
import { dumpName, type DumpFile, textFile } from '../dump-file.ts';
import { createDumpSource } from '../dump-source.ts';
import type { DatabaseParts } from '../parts.ts';
import { runDump } from '../run-dump.ts';
import { connectionTo, createPostgresClient, type PostgresClient } from './client.ts';
import { postgresFault } from './fault.ts';

/** Names that this component gives to files of its own. */
const ownDumpNames = ['globals.sql'];

const listedFormat = z.object({
  name: z.string(),
  bytes: z.number(),
  owner: z.string(),
  encoding: z.string(),
  collation: z.string().nullable(),
  characterType: z.string().nullable(),
});

type ListedDatabase = z.output<typeof listedFormat>;

/** A server of PostgreSQL: each database as `NAME.sql`, roles as `globals.sql`, and what they were like as `server.json`. */
export const postgresComponent = (name: string, setting: PostgresSetting, parts: DatabaseParts): Component => ({
  name,
  form: 'dump',
  open: async (run) => {
    const client = await createPostgresClient(setting, parts, run);
    const listed = await listDatabases(client, run);
    const { chosen, absent } = chooseDatabases(listed.databases, setting);
    return createDumpSource({
      description: client.description,
      time: run.now(),
      files: [
        ...chosen.map((database) => databaseDump(client, database)),
        ...(setting.globals ? [globalsDump(client)] : []),
        textFile('server.json', recordOf(listed.version, chosen)),
      ],
      missing: absent.map((database) => ({
        name: dumpName(database, '.sql', ownDumpNames),
        fault: new Fault('source-missing', `${client.description} has no database ${database}`, {
          hint: `It has: ${listed.databases.map(({ name }) => name).join(', ')}.`,
        }),
      })),
    });
  },
});

const statements = `
SELECT current_setting('server_version');
SELECT json_build_object('name', datname, 'bytes', pg_database_size(oid), 'owner', pg_get_userbyid(datdba),
  'encoding', pg_encoding_to_char(encoding), 'collation', datcollate, 'characterType', datctype)
  FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname;
`;

const listDatabases = async (
  client: PostgresClient,
  run: Run,
): Promise<{ readonly version: string; readonly databases: readonly ListedDatabase[] }> => {
  const [version = '', ...rows] = await client.query(statements, {}, run);
  return { version, databases: rows.map((row) => listedFormat.parse(JSON.parse(row))) };
};

const databaseDump = (client: PostgresClient, { name: database, bytes }: ListedDatabase): DumpFile => {
  const name = dumpName(database, '.sql', ownDumpNames);
  const parameters = ['--format=plain', '--encoding=UTF8', `--dbname=${connectionTo(database)}`];
  return {
    name,
    size: bytes,
    dump: (run) =>
      runDump(
        {
          name,
          subject: `the database ${database}`,
          start: (run) => client.start({ program: 'pg_dump', parameters, mode: 'watched' }, run),
          fault: postgresFault,
        },
        run,
      ),
  };
};

const globalsDump = (client: PostgresClient): DumpFile => ({
  name: byteStringOfText('globals.sql'),
  size: 4096,
  dump: (run) =>
    runDump(
      {
        name: 'globals.sql',
        subject: 'roles and tablespaces',
        start: (run) => client.start({ program: 'pg_dumpall', parameters: ['--globals-only'], mode: 'watched' }, run),
        fault: postgresFault,
      },
      run,
    ),
});

const recordOf = (version: string, chosen: readonly ListedDatabase[]): string => {
  const databases = chosen.map(({ name, owner, encoding, collation, characterType }) => {
    const file = dumpName(name, '.sql', ownDumpNames);
    return { name, file, owner, encoding, collation, characterType };
  });
  return `${JSON.stringify({ version: 1, server: version, databases }, undefined, 2)}\n`;
};
