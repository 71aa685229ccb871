import { z } from 'zod';
import { secretSource } from '../../contract/secret-source.ts';
import { exactlyOne, type OneOf, pathSetting, type ResolvePath } from '../../contract/setting.ts';

const placeShape = (resolve: ResolvePath) => ({
  docker: z.string().min(1).meta({ description: 'The name of a container of Docker.', sample: 'mailserver-mariadb' }),
  podman: z.string().min(1).meta({ description: 'The name of a container of Podman.', sample: 'mailserver-mariadb' }),
  compose: z
    .strictObject({
      file: pathSetting(resolve).meta({ description: 'The compose file.', sample: 'docker-compose.yml' }),
      service: z.string().min(1).meta({ description: 'The name of the service in it.', sample: 'mariadb' }),
    })
    .meta({ description: 'A service of a compose file.' }),
});

/** Where the database's own programs run; without one, on this machine. */
export type DatabasePlace = OneOf<ReturnType<typeof placeShape>>;

const place = (resolve: ResolvePath) =>
  exactlyOne(placeShape(resolve))
    .optional()
    .meta({
      description: "The container in which it runs; its own programs are used there. Without one, this machine's.",
      sample: { docker: 'mailserver-mariadb' },
      inSample: true,
    });

const databaseName = z
  .string()
  .min(1)
  .refine((name) => !/[\0\r\n]/.test(name), { error: 'is no name of a database' });

const connection = (resolve: ResolvePath) => ({
  in: place(resolve),
  host: z
    .string()
    .min(1)
    .regex(/^[^\s-][^\s]*$/, { error: 'must be the name of a host' })
    .optional()
    .meta({ description: 'The server, as seen from where its programs run. Without one, by its usual socket.' }),
  port: z.int().min(1).max(65_535).optional().meta({ description: 'The port of the server.' }),
  systemUser: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, { error: 'must be the name of a user of the system' })
    .optional()
    .meta({
      description: 'As which user of its system the programs run, where the server knows its users by that.',
      sample: 'postgres',
    }),
  user: z
    .string()
    .min(1)
    .regex(/^[^\r\n\0]+$/)
    .optional()
    .meta({ description: 'The user of the database.', sample: 'backup' }),
  password: secretSource(resolve)
    .optional()
    .meta({ description: 'The password of that user.', sample: { file: '~/.config/mailkeep/mariadb-password' } }),
});

const chosen = {
  databases: z
    .array(databaseName)
    .min(1)
    .optional()
    .meta({
      description: "Only these databases. Without it, all but the system's own.",
      sample: ['usermgmt', 'roundcubemail'],
      inSample: true,
    }),
  exclude: z.array(databaseName).default([]).meta({ description: 'Not these.' }),
};

const mariadb = (resolve: ResolvePath) =>
  z.strictObject({
    database: z.enum(['mariadb', 'mysql']),
    ...connection(resolve),
    socket: z.string().min(1).optional().meta({ description: 'The Unix socket of the server.' }),
    defaultsFile: pathSetting(resolve).optional().meta({
      description:
        'A file of this machine with [client] user and password, such as ~/.my.cnf, in place of user and password.',
      sample: '~/.my.cnf',
    }),
    ...chosen,
    users: z
      .boolean()
      .default(true)
      .meta({ description: 'Whether users and their rights are kept too, as users.sql.' }),
  });

const postgres = (resolve: ResolvePath) =>
  z.strictObject({
    database: z.literal('postgres'),
    ...connection(resolve),
    ...chosen,
    globals: z
      .boolean()
      .default(true)
      .meta({ description: 'Whether roles and tablespaces are kept too, as globals.sql.' }),
  });

const sqlite = (resolve: ResolvePath) =>
  z.strictObject({
    database: z.literal('sqlite'),
    files: z
      .record(z.string().regex(/^[^./][^/\0]*$/, { error: 'must be a name without a slash' }), pathSetting(resolve))
      .refine((files) => Object.keys(files).length > 0, { error: 'must name at least one file' })
      .meta({ description: 'The files, by the name that each has in a backup.', sample: { mailu: 'data/main.db' } }),
  });

const redis = (resolve: ResolvePath) =>
  z.strictObject({
    database: z.literal('redis'),
    ...connection(resolve),
    socket: z.string().min(1).optional().meta({ description: 'The Unix socket of the server.' }),
    file: z.string().min(1).optional().meta({
      description: 'The file that BGSAVE writes, where the server runs. Without it, the server is asked (CONFIG GET).',
      sample: '/data/dump.rdb',
    }),
    patience: z.int().min(1).max(86_400).default(600).meta({ description: 'How many seconds a BGSAVE may take.' }),
  });

/** A component that is a database. */
export const databaseSetting = (resolve: ResolvePath) =>
  z
    .discriminatedUnion('database', [mariadb(resolve), postgres(resolve), sqlite(resolve), redis(resolve)], {
      error: ({ code }) =>
        code === 'invalid_union' ? 'must be one of mariadb, mysql, postgres, sqlite, redis' : undefined,
    })
    .superRefine((setting, context) => {
      const refuse = (path: string, message: string): void =>
        context.addIssue({ code: 'custom', path: [path], message });
      if (setting.database === 'sqlite') return;
      if (setting.database === 'mariadb' || setting.database === 'mysql') {
        if (setting.defaultsFile !== undefined && setting.password !== undefined) {
          refuse('defaultsFile', 'cannot stand beside password');
        }
      }
      if (setting.port !== undefined && setting.host === undefined) refuse('port', 'needs a host');
    });

export type DatabaseSetting = z.output<ReturnType<typeof databaseSetting>>;
export type MariadbSetting = z.output<ReturnType<typeof mariadb>>;
export type PostgresSetting = z.output<ReturnType<typeof postgres>>;
export type SqliteSetting = z.output<ReturnType<typeof sqlite>>;
export type RedisSetting = z.output<ReturnType<typeof redis>>;
