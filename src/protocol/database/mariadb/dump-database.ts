import { dumpName, type DumpFile } from '../dump-file.ts';
import { runDump } from '../run-dump.ts';
import type { MariadbClient } from './client.ts';
import { mariadbFault } from './fault.ts';
import type { ListedDatabase } from './server-listing.ts';

/** Names that this component gives to files of its own. */
export const ownDumpNames = ['users.sql'];

/**
 * What a dump has, whatever an option file says: routines and events, which are left out by default; bytes as hexadecimal; the
 * comment at the end, without the date, so that a database that did not change is the same file every night. What only
 * MySQL's program knows is told loosely: it would ask other servers for statistics that they do not have, and put into the dump
 * what only an empty server takes.
 */
export const dumpOptions = [
  '--quick',
  '--routines',
  '--events',
  '--triggers',
  '--hex-blob',
  '--comments',
  '--skip-dump-date',
  '--no-tablespaces',
  '--max-allowed-packet=1G',
  '--loose-column-statistics=0',
  '--loose-set-gtid-purged=OFF',
];

/** In a transaction where that covers all tables; otherwise they are locked as long as it lasts. */
export const consistencyOf = ({ unsafe }: ListedDatabase): 'transaction' | 'locks' =>
  unsafe.length === 0 ? 'transaction' : 'locks';

/** One database as a file, without its name in it, so that it can be loaded into another. */
export const databaseDump = (client: MariadbClient, database: ListedDatabase): DumpFile => {
  const name = dumpName(database.name, '.sql', ownDumpNames);
  const consistency = consistencyOf(database) === 'transaction' ? '--single-transaction' : '--lock-tables';
  const parameters = [consistency, ...dumpOptions, '--', database.name];
  return {
    name,
    size: database.bytes,
    dump: (run) =>
      runDump(
        {
          name,
          subject: `the database ${database.name}`,
          start: (run) => client.start({ candidates: client.programs.dump, parameters, mode: 'watched' }, run),
          fault: mariadbFault,
        },
        run,
      ),
  };
};
