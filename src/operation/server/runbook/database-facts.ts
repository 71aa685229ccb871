import { z } from 'zod';
import type { ComponentOrigin } from '../../../contract/server-origin.ts';
import type { DatabaseOfComponent, DatabaseSite, RunbookDump } from './runbook-facts.ts';
import type { SurveyedEntry } from './survey-backup.ts';

const brand = z.enum(['mariadb', 'mysql', 'postgres', 'sqlite', 'redis']);

/** How a backup keeps the settings of a database; what is not needed here is left out. */
const recordFormat = z.object({
  database: brand,
  in: z
    .union([
      z.object({ docker: z.string() }),
      z.object({ podman: z.string() }),
      z.object({ compose: z.object({ file: z.string(), service: z.string() }) }),
    ])
    .exactOptional(),
  host: z.string().exactOptional(),
  port: z.number().exactOptional(),
  socket: z.string().exactOptional(),
  systemUser: z.string().exactOptional(),
  files: z.record(z.string(), z.string()).exactOptional(),
  file: z.string().exactOptional(),
});

type RecordedPlace = z.output<typeof recordFormat>['in'];

const placeOf = (recorded: RecordedPlace): DatabaseSite['place'] => {
  if (recorded === undefined) return undefined;
  if ('docker' in recorded) return { kind: 'docker', container: recorded.docker };
  if ('podman' in recorded) return { kind: 'podman', container: recorded.podman };
  return { kind: 'compose', ...recorded.compose };
};

/** `server.json` beside the dumps. */
const listFormat = z.object({
  server: z.string().exactOptional(),
  databases: z.array(
    z.object({
      name: z.string(),
      file: z.string(),
      characterSet: z.string().exactOptional(),
      collation: z.string().exactOptional(),
      owner: z.string().exactOptional(),
    }),
  ),
});

type ServerList = z.output<typeof listFormat>;

const listIn = (text: string | undefined): ServerList => {
  try {
    return listFormat.parse(JSON.parse(text ?? ''));
  } catch {
    // The dumps are there all the same.
    return { databases: [] };
  }
};

const accountFiles: readonly string[] = ['users.sql', 'globals.sql'];
const suffixes = /\.(?:sql|sqlite|rdb)$/;

const dumpOf = (file: string, { databases }: ServerList): RunbookDump => {
  const known = databases.find((one) => one.file === file);
  return {
    file,
    database: known?.name ?? file.replace(suffixes, ''),
    characterSet: known?.characterSet,
    collation: known?.collation,
    owner: known?.owner,
  };
};

/** What a character set or a collation is called, and nothing that would be more. */
const isName = (text: string | undefined): boolean => text === undefined || /^\w+$/.test(text);

const harmless = (dump: RunbookDump): RunbookDump =>
  isName(dump.characterSet) && isName(dump.collation)
    ? dump
    : { ...dump, characterSet: undefined, collation: undefined };

/** What brings the databases of a component back; undefined where the backup does not say how they were reached. */
export const databaseFacts = (
  { database: recorded }: Pick<ComponentOrigin, 'database'>,
  { entries, list }: { readonly entries: readonly SurveyedEntry[]; readonly list: string | undefined },
): Pick<DatabaseOfComponent, 'database' | 'version' | 'site' | 'dumps' | 'accounts'> | undefined => {
  const { success, data } = recordFormat.safeParse(recorded);
  if (!success) return undefined;
  const { database, in: place, host, port, socket, systemUser, files = {}, file } = data;
  const known = listIn(list);
  const names = entries.flatMap(({ path, metadata }) =>
    path.length === 1 && metadata.type === 'file' ? [path[0] ?? ''] : [],
  );
  return {
    database,
    version: known.server,
    site: {
      place: placeOf(place),
      host,
      port,
      socket,
      systemUser,
      files: file === undefined ? files : { ...files, 'dump.rdb': file },
    },
    dumps: names
      .filter((name) => suffixes.test(name) && !accountFiles.includes(name))
      .map((name) => harmless(dumpOf(name, known))),
    accounts: names.find((name) => accountFiles.includes(name)),
  };
};
