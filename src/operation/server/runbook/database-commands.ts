import { shellCommand, shellWord } from '../../../model/shell-word.ts';
import type { BackupSite, DatabaseOfComponent, DatabaseSite, RunbookDump } from './runbook-facts.ts';

export interface DatabaseCommandParts {
  readonly server: string;
  readonly where: BackupSite;
  /** `docker compose`, or its older form. */
  readonly compose: readonly string[];
}

/** The words in front of a program that is to run where the database is, its standard input open. */
const into = ({ place, systemUser }: DatabaseSite, compose: readonly string[]): readonly string[] => {
  const as = systemUser === undefined ? [] : ['--user', systemUser];
  switch (place?.kind) {
    case 'docker':
    case 'podman':
      return [place.kind, 'exec', '--interactive', ...as, place.container];
    case 'compose':
      return [...compose, '--file', place.file, 'exec', '-T', ...as, place.service];
    case undefined:
      return systemUser === undefined ? [] : ['runuser', '-u', systemUser, '--'];
  }
};

const connection = ({ host, port, socket }: DatabaseSite): readonly string[] => [
  ...(host === undefined ? [] : [`--host=${host}`]),
  ...(port === undefined ? [] : [`--port=${port}`]),
  ...(socket === undefined ? [] : [`--socket=${socket}`]),
];

/** Bytes of a file of the component, on standard output. */
const reading = (file: string, { name }: DatabaseOfComponent, { where, server }: DatabaseCommandParts): string =>
  where.kind === 'disk'
    ? shellCommand('gzip', '--decompress', '--stdout', `${where.folder}/${name}/${file}.gz`)
    : shellCommand('restic', '--repo', where.location, 'dump', where.snapshot, `/${server}/${name}/${file}`);

/**
 * The client of MariaDB or MySQL as the superuser. In a container the password is the one that the image made its server with, which
 * stands in the container's own environment; on a fresh machine root needs none.
 */
const mysqlClient = (
  { site, database: brand }: DatabaseOfComponent,
  compose: readonly string[],
  more: readonly string[],
): string => {
  const program = brand === 'mysql' ? 'mysql' : 'mariadb';
  const words = [program, ...connection(site), '--default-character-set=utf8mb4', ...more];
  if (site.place === undefined) return shellCommand(...into(site, compose), ...words);
  const script = `MYSQL_PWD="\${MARIADB_ROOT_PASSWORD:-$MYSQL_ROOT_PASSWORD}" exec ${shellCommand(...words, '--user=root')}`;
  return `${shellCommand(...into(site, compose), 'sh', '-c')} ${shellWord(script)}`;
};

const identifier = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

const createDatabase = ({ database, characterSet, collation }: RunbookDump): string =>
  [
    `CREATE DATABASE IF NOT EXISTS ${identifier(database)}`,
    ...(characterSet === undefined ? [] : [`CHARACTER SET ${characterSet}`]),
    ...(collation === undefined ? [] : [`COLLATE ${collation}`]),
  ].join(' ');

/** Clients that do not know MariaDB's sandbox fail at its line. */
const withoutSandbox = "sed '1{/enable the sandbox mode/d;}'";

const mysqlCommands = (component: DatabaseOfComponent, parts: DatabaseCommandParts): readonly string[] => {
  const { dumps, accounts } = component;
  const client = (...more: readonly string[]): string => mysqlClient(component, parts.compose, more);
  return [
    `until ${client('--execute=SELECT 1')} > /dev/null; do sleep 2; done`,
    ...(accounts === undefined ? [] : [`${reading(accounts, component, parts)} | ${client()}`]),
    ...dumps.flatMap((dump) => [
      client(`--execute=${createDatabase(dump)}`),
      `${reading(dump.file, component, parts)} | ${withoutSandbox} | ${client(dump.database)}`,
    ]),
  ];
};

const postgresCommands = (component: DatabaseOfComponent, parts: DatabaseCommandParts): readonly string[] => {
  const { site, dumps, accounts } = component;
  const where = into(site, parts.compose);
  const user = site.place !== undefined && site.systemUser === undefined ? ['--username=postgres'] : [];
  const program = (name: string, ...more: readonly string[]): string =>
    shellCommand(...where, name, ...connection(site), ...user, ...more);
  return [
    `until ${program('psql', '--command=SELECT 1', 'postgres')} > /dev/null; do sleep 2; done`,
    ...(accounts === undefined
      ? []
      : [`${reading(accounts, component, parts)} | ${program('psql', '--quiet', 'postgres')}`]),
    ...dumps.flatMap(({ database, file, owner }) => {
      const given = owner === undefined ? [] : [`--owner=${owner}`];
      const load = program('psql', '--quiet', '--set=ON_ERROR_STOP=1', database);
      return [
        program('createdb', '--template=template0', '--encoding=UTF8', ...given, database),
        `${reading(file, component, parts)} | ${load}`,
      ];
    }),
  ];
};

const folderOf = (path: string): string => path.replace(/\/[^/]*$/, '') || '/';

/** Of SQLite each file to its place. */
const sqliteCommands = (component: DatabaseOfComponent, parts: DatabaseCommandParts): readonly string[] =>
  component.dumps.flatMap(({ file, database }) => {
    const to = component.site.files[database];
    if (to === undefined) return [];
    return [shellCommand('mkdir', '-p', folderOf(to)), `${reading(file, component, parts)} > ${shellWord(to)}`];
  });

/** Of Redis the file that it reads when it starts; in a container it has to be stopped before. */
const redisCommands = (component: DatabaseOfComponent, parts: DatabaseCommandParts): readonly string[] => {
  const { place, files } = component.site;
  const to = files['dump.rdb'] ?? '/data/dump.rdb';
  const read = reading('dump.rdb', component, parts);
  if (place === undefined) return [`${read} > ${shellWord(to)}`];
  if (place.kind === 'compose') {
    const compose = shellCommand(...parts.compose, '--file', place.file);
    const copy = `${compose} cp /tmp/dump.rdb ${shellWord(`${place.service}:${to}`)}`;
    const [stop, start] = ['stop', 'start'].map((verb) => `${compose} ${verb} ${shellWord(place.service)}`);
    return [stop ?? '', `${read} > /tmp/dump.rdb`, copy, start ?? ''];
  }
  const engine = (...words: readonly string[]): string => shellCommand(place.kind, ...words);
  return [
    engine('stop', place.container),
    `${read} > /tmp/dump.rdb`,
    engine('cp', '/tmp/dump.rdb', `${place.container}:${to}`),
    engine('start', place.container),
  ];
};

/** Brings the databases of a component back into a server that has just been made, with its own programs. */
export const databaseCommands = (component: DatabaseOfComponent, parts: DatabaseCommandParts): readonly string[] => {
  switch (component.database) {
    case 'mariadb':
    case 'mysql':
      return mysqlCommands(component, parts);
    case 'postgres':
      return postgresCommands(component, parts);
    case 'sqlite':
      return sqliteCommands(component, parts);
    case 'redis':
      return redisCommands(component, parts);
  }
};
