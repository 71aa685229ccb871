import type { Machine } from '../contract/machine.ts';
import { tellDkim } from './dkim.ts';
import { tellMailForms } from './mail-forms.ts';
import { liesIn } from './path.ts';
import { finished, type Proposal, want, wantAll, type Wanted } from './proposal.ts';
import { newSite, type Site, wantOwnMariadb, wantOwnPostgres } from './site.ts';

export const iredmailMark = '/etc/iredmail-release';

/** What iRedMail makes, of which a server has those that it was installed with. */
export const iredmailDatabases = ['vmail', 'roundcubemail', 'amavisd', 'iredadmin', 'iredapd', 'fail2ban', 'sogo'];

/** Its own dumps below the mail: those of LDAP are taken, as nothing else is. */
const ownBackup = 'backup';

const storageOf = async (site: Site): Promise<string> => {
  const settings = (await site.text('/etc/dovecot/dovecot.conf')) ?? '';
  const home = /^\s*(?:mail_home|mail_location|mail_path)\s*=\s*(?:maildir:)?(\/[^%\s:]+?)\/%/m.exec(settings)?.[1];
  return home === undefined || !home.startsWith('/') || liesIn(home, '/var/vmail') ? '/var/vmail' : home;
};

/** Everything beside the mailboxes too: scripts of sieve, lists and their archives; but not dumps that are made anew. */
const wantMail = async (site: Site, storage: string): Promise<void> => {
  const { draft, at } = site;
  const place = await draft.machine.placeAt(at(storage));
  const names = await draft.machine.namesIn(at(storage));
  if (names === undefined) {
    if (place === 'missing') draft.tell({ code: 'mail-missing', path: at(storage) });
    else await want(draft, { component: 'mail', role: 'mail', path: at(storage), need: 'must' });
    return;
  }
  for (const name of names) {
    const path = at(`${storage}/${name}`);
    if (name === ownBackup || (await draft.machine.placeAt(path)) === 'file') continue;
    await want(draft, { component: 'mail', role: name.startsWith('vmail') ? 'mail' : 'extra', path, need: 'may' });
  }
};

/** Accounts in OpenLDAP: nothing here dumps it, so that it has to be said, and its own nightly dumps are taken. */
const wantLdap = async ({ draft, at }: Site, storage: string): Promise<void> => {
  const configured =
    (await draft.machine.placeAt(at('/etc/openldap/slapd.conf'))) === 'missing' ? '/etc/ldap' : '/etc/openldap';
  draft.tell({ code: 'ldap-uncaptured', command: `slapcat -f ${configured}/slapd.conf` });
  await want(draft, { component: 'config', role: 'settings', path: at(configured), need: 'should' });
  const copies = at(`${storage}/${ownBackup}/ldap`);
  const place = await want(draft, { component: 'ldap', role: 'accounts', path: copies, need: 'should', form: 'tree' });
  if (place !== 'missing') draft.tell({ code: 'ldap-copies', path: copies });
};

type Backend = 'ldap' | 'postgres' | 'mariadb';

/** By the lookups of Postfix, which the installer makes for the backend that was chosen. */
const backendOf = async ({ draft, at }: Site): Promise<Backend> => {
  const isThere = async (path: string): Promise<boolean> => (await draft.machine.placeAt(at(path))) !== 'missing';
  if (await isThere('/etc/postfix/ldap')) return 'ldap';
  return (await isThere('/etc/postfix/pgsql')) ? 'postgres' : 'mariadb';
};

const configured = (at: Site['at']): readonly Wanted[] => {
  const config = { component: 'config', role: 'settings' } as const;
  const may = [
    '/etc/amavis',
    '/etc/amavisd',
    '/etc/nginx',
    '/etc/fail2ban',
    '/etc/mysql',
    '/etc/my.cnf',
    '/etc/clamav',
    '/etc/mail/spamassassin',
    '/etc/spamassassin',
    '/etc/sogo',
    '/etc/uwsgi',
    '/etc/mlmmjadmin',
    '/etc/aliases',
    '/etc/iredmail-release',
    '/opt/iredapd/settings.py',
    '/opt/mlmmjadmin/settings.py',
    '/opt/www/iredadmin/settings.py',
    '/opt/www/roundcubemail/config',
    '/var/spool/cron/crontabs',
  ];
  return [
    { ...config, path: at('/etc/postfix'), need: 'should' },
    { ...config, path: at('/etc/dovecot'), need: 'should' },
    ...may.map((path) => ({ ...config, path: at(path), need: 'may' }) as const),
    { ...config, role: 'secrets', path: at('/root/.iredmail'), need: 'may' },
    { ...config, role: 'secrets', path: at('/root/.my.cnf'), need: 'may' },
  ];
};

const certificates = [
  '/etc/ssl/certs/iRedMail.crt',
  '/etc/ssl/private/iRedMail.key',
  '/etc/pki/tls/certs/iRedMail.crt',
];

/** iRedMail: paths as its installer lays them out, accounts in MariaDB, PostgreSQL or OpenLDAP. */
export const iredmailPreset = async (machine: Machine, root: string): Promise<Proposal | undefined> => {
  const site = newSite(machine, root, 'iredmail', iredmailMark);
  const { draft, at } = site;
  if ((await machine.placeAt(at(iredmailMark))) === 'missing') return undefined;
  const storage = await storageOf(site);
  await wantMail(site, storage);
  const backend = await backendOf(site);
  if (backend === 'postgres') await wantOwnPostgres(site);
  // With OpenLDAP, what is not an account is in MariaDB.
  else await wantOwnMariadb(site);
  tellAbsent(site);
  if (backend === 'ldap') await wantLdap(site, storage);
  await wantAll(draft, configured(at));
  const ssl = { component: 'ssl', role: 'certificates', need: 'may' } as const;
  await wantAll(
    draft,
    [...certificates, '/etc/pki/tls/private/iRedMail.key', '/etc/letsencrypt'].map((path) => ({
      ...ssl,
      path: at(path),
    })),
  );
  const dkim = at('/var/lib/dkim');
  await want(draft, { component: 'dkim', role: 'dkim', path: dkim, need: 'should' });
  await tellDkim(draft, [dkim]);
  await tellMailForms(draft, at(`${storage}/vmail1`), { files: [], isSaid: false });
  return finished(draft, 'iredmail');
};

/** Of those that hold what cannot be made again, which the server does not have. */
const tellAbsent = ({ draft }: Site): void => {
  const listed = draft.findings.find((finding) => finding.code === 'databases');
  if (listed?.code !== 'databases') return;
  const missing = iredmailDatabases.filter((name) => !listed.names.includes(name));
  if (missing.length > 0) draft.tell({ code: 'databases-absent', component: listed.component, names: missing });
};
