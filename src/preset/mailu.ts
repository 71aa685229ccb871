import type { Machine } from '../contract/machine.ts';
import type { ComposeService } from './compose/compose-project.ts';
import { placeOfService } from './compose/containers.ts';
import { engineOf, wantDatabase, wantOtherDatabases } from './compose/database-service.ts';
import { imageName, openStack, type Stack, serviceWith, wantComposeFiles, wantMount } from './compose/stack.ts';
import { tellDkim } from './dkim.ts';
import { tellMailForms } from './mail-forms.ts';
import { finished, type Proposal, putDatabase, want } from './proposal.ts';
import { lastName, parentOf } from './path.ts';
import { tellUnclaimed } from './unclaimed.ts';

export const isMailu = ({ image }: Pick<ComposeService, 'image'>): boolean => /(?:^|\/)mailu\//i.test(image);

type Names = Readonly<
  Record<'admin' | 'imap' | 'smtp' | 'front' | 'antispam' | 'webmail' | 'webdav', readonly string[]>
>;

/** Names of services, and of their images. */
const names: Names = {
  admin: ['admin'],
  imap: ['imap', 'dovecot'],
  smtp: ['smtp', 'postfix'],
  front: ['front', 'nginx'],
  antispam: ['antispam', 'rspamd'],
  webmail: ['webmail', 'roundcube', 'snappymail', 'rainloop'],
  webdav: ['webdav', 'radicale'],
};

const serviceOf = (stack: Stack, which: keyof Names): ComposeService | undefined =>
  serviceWith(stack, (service) => isMailu(service) && names[which].includes(imageName(service))) ??
  serviceWith(stack, ({ name }) => names[which][0] === name);

/** Files of SQLite, each copied by SQLite's own call while it is in use. */
const putSqlite = async (stack: Stack, files: Readonly<Record<string, string | undefined>>): Promise<void> => {
  const there: Record<string, string> = {};
  for (const [name, path] of Object.entries(files)) {
    if (path === undefined || (await stack.draft.machine.placeAt(path)) === 'missing') continue;
    there[name] = path;
    stack.draft.places.push({ component: 'sqlite', role: 'accounts', path });
  }
  if (Object.keys(there).length > 0) putDatabase(stack.draft, 'sqlite', { database: 'sqlite', files: there }, '');
};

const sqlFlavor = /^(?:mysql|mariadb|postgresql|postgres)/;

/** Accounts in MariaDB or PostgreSQL: in a service of the compose file, or on another machine. */
const wantSql = (stack: Stack, admin: ComposeService): void => {
  const { environment } = admin;
  const uri = environment.get('SQLALCHEMY_DATABASE_URI') ?? '';
  const flavor = environment.get('DB_FLAVOR') ?? /^(\w+)/.exec(uri)?.[1] ?? 'sqlite';
  if (!sqlFlavor.test(flavor)) return;
  const engine = flavor.startsWith('postgres') ? 'postgres' : 'mariadb';
  const host = (environment.get('DB_HOST') ?? 'database').replace(/:\d+$/, '');
  const service = serviceWith(stack, ({ name, containerName }) => host === name || host === containerName);
  if (service !== undefined) {
    wantDatabase(stack, service, { engine });
    return;
  }
  const component = engine === 'postgres' ? 'postgres' : 'mysql';
  const command = `${placeOfService(stack.project, admin, stack.engine).into} printenv DB_PW`;
  const more = {
    host,
    user: environment.get('DB_USER') ?? 'mailu',
    databases: [environment.get('DB_NAME') ?? 'mailu'],
  };
  const own = engine === 'postgres' ? { globals: false } : { users: false };
  putDatabase(stack.draft, component, { database: engine, ...more, password: { command }, ...own }, host);
  stack.draft.tell({ code: 'password', component, from: command });
};

const wantOverrides = async (stack: Stack): Promise<void> => {
  for (const service of stack.project.services) {
    const mount = service.mounts.find(({ target }) => target === '/overrides');
    if (mount?.kind !== 'bind') continue;
    const folder = lastName(parentOf(mount.source)) === 'overrides' ? parentOf(mount.source) : mount.source;
    await want(stack.draft, { component: 'config', role: 'settings', path: folder, need: 'may' });
  }
};

const wantRest = async (stack: Stack): Promise<void> => {
  const wanted = { role: 'extra', need: 'should', form: 'archive' } as const;
  const take = (which: keyof Names, target: string, component: string): Promise<string | undefined> =>
    wantMount(stack, serviceOf(stack, which), target, { ...wanted, component, name: component });
  await take('antispam', '/var/lib/rspamd', 'filter');
  await take('webdav', '/data', 'dav');
  await take('webmail', '/data', 'webmail');
  await take('smtp', '/queue', 'queue');
};

/** Mailu: everything below one folder, accounts in SQLite unless another database was chosen. */
export const mailuPreset = async (machine: Machine, root: string): Promise<Proposal | undefined> => {
  const stack = await openStack(machine, root, 'mailu');
  if (stack === undefined) return undefined;
  const { draft, project } = stack;
  const file = project.files[0] ?? root;
  const [admin, imap] = [serviceOf(stack, 'admin'), serviceOf(stack, 'imap')];
  if (imap === undefined) draft.tell({ code: 'service-missing', service: 'imap', file });
  if (admin === undefined) draft.tell({ code: 'service-missing', service: 'admin', file });
  const mail = await wantMount(stack, imap, '/mail', { component: 'mail', role: 'mail', need: 'should', name: 'mail' });
  const data = await wantMount(stack, admin, '/data', {
    component: 'data',
    role: 'accounts',
    need: 'should',
    name: 'data',
    form: 'archive',
    // The file itself is in the component sqlite, copied as SQLite does it.
    exclude: ['main.db', 'main.db-*'],
  });
  if (admin !== undefined) wantSql(stack, admin);
  const webmail = await wantRest(stack).then(() => draft.places.find(({ component }) => component === 'webmail')?.path);
  await putSqlite(stack, {
    main: data === undefined ? undefined : `${data}/main.db`,
    roundcube: webmail === undefined ? undefined : `${webmail}/roundcube.db`,
  });
  const redis = serviceWith(stack, (service) => engineOf(service) === 'redis');
  if (redis !== undefined) wantDatabase(stack, redis, { engine: 'redis' });
  wantOtherDatabases(stack);
  await wantComposeFiles(stack);
  await wantOverrides(stack);
  await wantMount(stack, serviceOf(stack, 'front'), '/certs', {
    component: 'ssl',
    role: 'certificates',
    need: 'should',
    name: 'certs',
  });
  const dkim = await wantMount(stack, admin, '/dkim', {
    component: 'dkim',
    role: 'dkim',
    need: 'should',
    name: 'dkim',
  });
  await tellDkim(draft, dkim === undefined ? [] : [dkim]);
  const again = ['/overrides', '/data/fetchmail'];
  await tellUnclaimed(stack, ({ target }, service) => again.includes(target) || imageName(service) === 'clamav');
  if (mail !== undefined) await tellMailForms(draft, mail, { files: [], isSaid: false });
  return finished(draft, 'mailu');
};
