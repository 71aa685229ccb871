import type { Machine } from '../contract/machine.ts';
import type { ComposeService, Mount } from './compose/compose-project.ts';
import { wantDatabase, wantOtherDatabases } from './compose/database-service.ts';
import { openStack, type Stack, serviceWith, wantComposeFiles, wantMount } from './compose/stack.ts';
import { tellMailForms } from './mail-forms.ts';
import { finished, type Proposal, want, wantAll } from './proposal.ts';
import { tellUnclaimed } from './unclaimed.ts';

export const isMailcow = ({ name, image }: ComposeService): boolean =>
  name.endsWith('-mailcow') || /(?:^|\/)mailcow\//.test(image);

/** Sockets, indexes, caches, signatures and what comes with the program. */
const madeAgain = [
  'mysql-socket-vol-1',
  'vmail-index-vol-1',
  'sogo-web-vol-1',
  'clamd-db-vol-1',
  'postfix-tlspol-vol-1',
  'solr-vol-1',
];

const isMadeAgain =
  (root: string) =>
  ({ kind, source }: Mount): boolean =>
    (kind === 'volume' && madeAgain.includes(source)) ||
    [`${root}/data/web`, `${root}/data/assets/templates`, `${root}/data/assets/ssl-example`].some((own) =>
      `${source}/`.startsWith(`${own}/`),
    );

/** The key of mail_crypt, which every message is encrypted with, and those of zeyple beside it. */
const wantMailKeys = async (stack: Stack, dovecot: ComposeService): Promise<readonly string[]> => {
  const wanted = { component: 'keys', role: 'mail-key', need: 'must', form: 'archive' } as const;
  const folder = await wantMount(stack, dovecot, '/mail_crypt', { ...wanted, name: 'crypt' });
  if (folder === undefined) return [];
  const key = `${folder}/ecprivkey.pem`;
  await want(stack.draft, { ...wanted, path: key });
  return [key];
};

const wantOthers = async (stack: Stack): Promise<void> => {
  const named = (name: string): ComposeService | undefined => serviceWith(stack, (service) => service.name === name);
  const wanted = { role: 'extra', need: 'should', form: 'archive' } as const;
  await wantMount(stack, named('rspamd-mailcow'), '/var/lib/rspamd', {
    ...wanted,
    component: 'rspamd',
    name: 'rspamd',
  });
  await wantMount(stack, named('postfix-mailcow'), '/var/spool/postfix', {
    ...wanted,
    component: 'queue',
    name: 'postfix',
  });
  await wantMount(stack, named('sogo-mailcow'), '/sogo_backup', { ...wanted, component: 'sogo', name: 'sogo-backup' });
};

const wantDatabases = (stack: Stack): void => {
  const file = stack.project.files[0] ?? stack.draft.root;
  const mysql = serviceWith(stack, ({ name }) => name === 'mysql-mailcow');
  if (mysql === undefined) stack.draft.tell({ code: 'service-missing', service: 'mysql-mailcow', file });
  else wantDatabase(stack, mysql, { engine: 'mariadb' });
  const redis = serviceWith(stack, ({ name }) => name === 'redis-mailcow');
  if (redis === undefined) stack.draft.tell({ code: 'service-missing', service: 'redis-mailcow', file });
  else {
    wantDatabase(stack, redis, { engine: 'redis' });
    stack.draft.tell({ code: 'dkim-in-redis', component: 'redis' });
  }
};

/** mailcow: mail encrypted in a volume, its keys in another, DKIM keys in Redis. */
export const mailcowPreset = async (machine: Machine, root: string): Promise<Proposal | undefined> => {
  const stack = await openStack(machine, root, 'mailcow');
  if (stack === undefined) return undefined;
  const { draft, project } = stack;
  const dovecot = serviceWith(stack, ({ name }) => name === 'dovecot-mailcow');
  if (dovecot === undefined) {
    draft.tell({ code: 'service-missing', service: 'dovecot-mailcow', file: project.files[0] ?? root });
    return finished(draft, 'mailcow');
  }
  const mail = await wantMount(stack, dovecot, '/var/vmail', {
    component: 'mail',
    role: 'mail',
    need: 'must',
    name: 'vmail',
  });
  const keys = await wantMailKeys(stack, dovecot);
  wantDatabases(stack);
  wantOtherDatabases(stack);
  await wantComposeFiles(stack);
  const config = { component: 'config', role: 'settings' } as const;
  await wantAll(draft, [
    { ...config, role: 'secrets', path: `${root}/mailcow.conf`, need: 'should' },
    { ...config, path: `${root}/data/conf`, need: 'should' },
    { ...config, path: `${root}/data/hooks`, need: 'may' },
    { ...config, path: `${root}/data/web/inc/vars.local.inc.php`, need: 'may' },
    { component: 'ssl', role: 'certificates', path: `${root}/data/assets/ssl`, need: 'should' },
  ]);
  await wantOthers(stack);
  await tellUnclaimed(stack, isMadeAgain(root));
  if (mail !== undefined) await tellMailForms(draft, mail, { files: keys, isSaid: true });
  return finished(draft, 'mailcow');
};
