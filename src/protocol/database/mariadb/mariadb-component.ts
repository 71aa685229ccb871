import type { Component } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import type { MariadbSetting } from '../config.ts';
import { chooseDatabases } from '../choose-databases.ts';
import { dumpName, textFile, type MissingDump } from '../dump-file.ts';
import { createDumpSource } from '../dump-source.ts';
import type { DatabaseWords, DumpParts } from '../parts.ts';
import { createMariadbClient } from './client.ts';
import { consistencyOf, databaseDump, ownDumpNames } from './dump-database.ts';
import { usersDump } from './dump-users.ts';
import { listServer, type ListedDatabase, type ServerListing } from './server-listing.ts';

/** A server of MariaDB or MySQL: each database as `NAME.sql`, users as `users.sql`, and what they were like as `server.json`. */
export const mariadbComponent = (name: string, setting: MariadbSetting, parts: DumpParts): Component => ({
  name,
  form: 'dump',
  open: async (run) => {
    const client = await createMariadbClient(setting, parts, run);
    const listing = await listServer(client, run);
    const { chosen, absent } = chooseDatabases(listing.databases, setting);
    for (const database of chosen) tellUnsafe(database, parts.words, run);
    return createDumpSource({
      description: client.description,
      time: run.now(),
      files: [
        ...chosen.map((database) => databaseDump(client, database)),
        ...(setting.users ? [usersDump(client, listing)] : []),
        textFile('server.json', recordOf(listing, chosen)),
      ],
      missing: absent.map((database) => missingDump(database, client.description, listing)),
    });
  },
});

const missingDump = (database: string, server: string, listing: ServerListing): MissingDump => {
  const there = listing.databases.map(({ name }) => name).join(', ');
  return {
    name: dumpName(database, '.sql', ownDumpNames),
    fault: new Fault('source-missing', `${server} has no database ${database}`, {
      hint: there === '' ? 'The user sees no database at all.' : `It has: ${there}.`,
    }),
  };
};

const shownTables = 5;

const tellUnsafe = ({ name, unsafe }: ListedDatabase, words: DatabaseWords, run: Run): void => {
  if (unsafe.length === 0) return;
  const shown = unsafe.slice(0, shownTables).map(({ table, engine }) => `${table} (${engine})`);
  run.emit({ kind: 'notice', message: words.tablesLocked(name, shown, unsafe.length - shown.length) });
};

/** What a dump does not say of itself: character sets, and how it was made. */
const recordOf = (listing: ServerListing, chosen: readonly ListedDatabase[]): string => {
  const databases = chosen.map((database) => ({
    name: database.name,
    file: dumpName(database.name, '.sql', ownDumpNames),
    characterSet: database.characterSet,
    collation: database.collation,
    consistency: consistencyOf(database),
    notTransactional: database.unsafe.map(({ table, engine }) => `${table} (${engine})`),
  }));
  return `${JSON.stringify({ version: 1, server: listing.version, databases }, undefined, 2)}\n`;
};
