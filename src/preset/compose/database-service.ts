import type { Engine } from '../finding.ts';
import { putDatabase } from '../proposal.ts';
import type { ComposeService } from './compose-project.ts';
import { placeOfService, type ServicePlace } from './containers.ts';
import { imageName, type Stack } from './stack.ts';

const images: readonly (readonly [RegExp, Engine])[] = [
  [/mariadb/, 'mariadb'],
  [/mysql|percona/, 'mysql'],
  [/postg/, 'postgres'],
  [/redis|valkey|keydb/, 'redis'],
];

/** Which database an image is; undefined for anything else. */
export const engineOf = (service: ComposeService): Engine | undefined =>
  images.find(([form]) => form.test(imageName(service)))?.[1];

/** A user of the database, and the variables in which its container may have the password. */
interface Login {
  readonly user: string | undefined;
  readonly variables: readonly string[];
}

const loginsOf = (engine: Engine, { environment }: ComposeService): readonly Login[] => {
  switch (engine) {
    case 'mariadb':
    case 'mysql':
      return [
        { user: 'root', variables: ['MARIADB_ROOT_PASSWORD', 'MYSQL_ROOT_PASSWORD'] },
        {
          user: environment.get('MARIADB_USER') ?? environment.get('MYSQL_USER'),
          variables: ['MARIADB_PASSWORD', 'MYSQL_PASSWORD'],
        },
      ];
    case 'postgres':
      return [{ user: environment.get('POSTGRES_USER') ?? 'postgres', variables: ['POSTGRES_PASSWORD'] }];
    case 'redis':
      return [{ user: undefined, variables: ['REDISPASS', 'REDIS_PASSWORD', 'REDIS_PASS'] }];
    case 'sqlite':
      return [];
  }
};

/** The command that prints a password where it is known: in the container itself. */
const passwordOf = (
  { into }: ServicePlace,
  { environment }: ComposeService,
  names: readonly string[],
): string | undefined => {
  for (const name of names) {
    if (environment.has(name)) return `${into} printenv ${name}`;
    const file = environment.get(`${name}_FILE`);
    if (file !== undefined && /^[\w./-]+$/.test(file)) return `${into} cat ${file}`;
  }
  return undefined;
};

export interface DatabaseWish {
  /** Its name in the entry; default: by its kind. */
  readonly component?: string;
  readonly engine?: Engine;
  /** Other variables that may hold the password, first. */
  readonly variables?: readonly string[];
  readonly more?: Readonly<Record<string, unknown>>;
}

const usualName = (engine: Engine): string => (engine === 'mariadb' ? 'mysql' : engine);

/** Takes the database of a service into the draft, with a reference to its password. */
export const wantDatabase = (stack: Stack, service: ComposeService, wish: DatabaseWish = {}): void => {
  const { draft, project } = stack;
  const engine = wish.engine ?? engineOf(service);
  if (engine === undefined) return;
  const place = placeOfService(project, service, stack.engine);
  const component = wish.component ?? usualName(engine);
  const logins = loginsOf(engine, service).map((login) => ({
    ...login,
    command: passwordOf(place, service, [...(wish.variables ?? []), ...login.variables]),
  }));
  const login = logins.find(({ command }) => command !== undefined);
  // PostgreSQL trusts its own user within the container, whatever the password.
  const isNeeded = engine === 'mariadb' || engine === 'mysql';
  const isOrdinary = isNeeded && login !== undefined && login.user !== 'root';
  const user = login?.user ?? logins[0]?.user;
  putDatabase(
    draft,
    component,
    {
      database: engine,
      in: place.setting,
      ...(user === undefined ? {} : { user }),
      ...(login?.command === undefined ? {} : { password: { command: login.command } }),
      ...(isOrdinary ? { users: false } : {}),
      ...wish.more,
    },
    place.where,
  );
  if (login?.command !== undefined) draft.tell({ code: 'password', component, from: login.command });
  else if (isNeeded) draft.tell({ code: 'no-password', component, names: logins[0]?.variables ?? [] });
  if (isOrdinary) draft.tell({ code: 'weak-user', component, user: login.user ?? '' });
};

/**
 * Databases that a stack does not have by itself, and that a person has put beside it, for a webmail: each a component of its own, named by its
 * service where another has the usual name.
 */
export const wantOtherDatabases = (stack: Stack): void => {
  const { draft, project } = stack;
  for (const service of project.services) {
    const engine = engineOf(service);
    // What Redis keeps for other programs is a cache.
    if (engine === undefined || engine === 'redis') continue;
    const { where } = placeOfService(project, service, stack.engine);
    if (draft.databases.some((database) => database.where === where)) continue;
    const usual = usualName(engine);
    const component = draft.components.has(usual) ? `${usual}-${service.name.replace(/[^\w+-]/g, '')}` : usual;
    wantDatabase(stack, service, { component });
  }
};
