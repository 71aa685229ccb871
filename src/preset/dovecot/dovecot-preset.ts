import type { Machine } from '../../contract/machine.ts';
import { certificateTree } from '../certificates.ts';
import { tellMailForms } from '../mail-forms.ts';
import { liesIn } from '../path.ts';
import { finished, type Proposal, putDatabase, want, wantAll } from '../proposal.ts';
import { newSite, type Site, wantOwnMariadb, wantOwnPostgres } from '../site.ts';
import { wantDkim } from './dkim-keys.ts';
import { homesOfUsers, mailRoots } from './mail-roots.ts';
import { pathsIn, postfixSettings } from './postfix-settings.ts';
import { type DovecotSetting, commonFolder, dovecotSettings, fileValues, valuesOf } from './settings.ts';
import { type SqlAccounts, sqlAccounts } from './sql-settings.ts';

export const dovecotMark = '/etc/dovecot/dovecot.conf';

/** The files themselves: they tell what `doveconf` hides (keys), and all of it where it cannot be asked. */
const ownFiles = async (site: Site): Promise<readonly DovecotSetting[]> => {
  const folder = '/etc/dovecot/conf.d';
  const names = (await site.draft.machine.namesIn(site.at(folder))) ?? [];
  const files = [dovecotMark, ...names.filter((name) => name.endsWith('.conf')).map((name) => `${folder}/${name}`)];
  const all: DovecotSetting[] = [];
  for (const file of files) all.push(...dovecotSettings((await site.text(file)) ?? ''));
  return all;
};

interface Read {
  readonly settings: readonly DovecotSetting[];
  /** Also of what is hidden. */
  readonly files: readonly DovecotSetting[];
  readonly postfix: ReadonlyMap<string, string>;
}

const readSettings = async (site: Site): Promise<Read> => {
  const files = await ownFiles(site);
  const said = await site.ask('doveconf', ['-n']);
  const main = (await site.ask('postconf', ['-n'])) ?? (await site.text('/etc/postfix/main.cf'));
  return { settings: said === undefined ? files : dovecotSettings(said), files, postfix: postfixSettings(main ?? '') };
};

/** Files that name users: `args` of a passwd-file, its last word, or `passwd_file_path`. */
const userFiles = (settings: readonly DovecotSetting[]): readonly string[] => [
  ...settings
    .filter(({ name, value, block, blocks }) => {
      const isUsers = /^(?:passdb|userdb)$/.test(blocks.at(-1) ?? '') && name === 'args' && value.includes('/');
      return isUsers && settings.some((other) => other.block === block && other.value === 'passwd-file');
    })
    .map(({ value }) => value.split(/\s+/).at(-1) ?? ''),
  ...valuesOf(settings, 'passwd_file_path'),
];

const homesOfFiles = async (site: Site, files: readonly string[]): Promise<readonly string[]> => {
  const homes: string[] = [];
  for (const file of files) if (!/[%$]/.test(file)) homes.push(...homesOfUsers((await site.text(file)) ?? ''));
  return homes;
};

const wantMail = async (site: Site, { settings }: Read, homes: readonly string[]): Promise<readonly string[]> => {
  const { draft, at } = site;
  const { roots, isInSystemHomes, drivers } = mailRoots(settings, homes);
  const sieve = valuesOf(
    settings,
    'sieve',
    'sieve_dir',
    'sieve_global_dir',
    'sieve_before',
    'sieve_after',
    'sieve_script_path',
  )
    .map((value) => value.replace(/^file:/, '').replace(/;.*$/, ''))
    .flatMap((path) => commonFolder(path) ?? [])
    .filter((path) => !roots.some((root) => liesIn(path, root)) && !liesIn(path, '/etc/dovecot'));
  for (const root of roots) await want(draft, { component: 'mail', role: 'mail', path: at(root), need: 'should' });
  for (const path of new Set(sieve))
    await want(draft, { component: 'mail', role: 'extra', path: at(path), need: 'may' });
  if (isInSystemHomes) {
    draft.tell({ code: 'user-homes', path: at('/home') });
    await want(draft, { component: 'mail', role: 'mail', path: at('/home'), need: 'should' });
  }
  for (const driver of drivers.filter((one) => /^(?:mdbox|sdbox|dbox|mbox)$/.test(one))) {
    draft.tell({ code: 'not-maildir', path: at(roots[0] ?? '/home'), driver });
  }
  return isInSystemHomes ? [...roots, '/home'] : roots;
};

const keySettings = ['mail_crypt_global_private_key', 'crypt_private_key_file', 'crypt_global_private_key_file'];

const wantMailKeys = async (site: Site, { settings, files }: Read, roots: readonly string[]): Promise<void> => {
  const { draft, at } = site;
  const both = [...settings, ...files];
  const keys = [...new Set(fileValues(both, ...keySettings))].map(at);
  const wanted = { component: 'keys', role: 'mail-key', need: 'must', form: 'archive' } as const;
  for (const path of keys) await want(draft, { ...wanted, path });
  for (const path of new Set(fileValues(both, 'mail_crypt_global_public_key', 'crypt_public_key_file'))) {
    await want(draft, { ...wanted, path: at(path), need: 'may' });
  }
  const isSaid =
    keys.length > 0 || both.some(({ name, value }) => /mail_plugins/.test(name) && /mail_?crypt/.test(value));
  for (const root of roots) await tellMailForms(draft, at(root), { files: keys, isSaid });
};

/** Files of SQL lookups that Dovecot's settings name. */
const accountsOf = async (site: Site, { settings }: Read): Promise<readonly SqlAccounts[]> => {
  const found: SqlAccounts[] = [...sqlAccounts(settings.map(({ name, value }) => `${name} = ${value}`).join('\n'))];
  for (const args of valuesOf(settings, 'args')) {
    if (/sql[\w.-]*$/.test(args) && args.startsWith('/')) found.push(...sqlAccounts((await site.text(args)) ?? ''));
  }
  return found;
};

const wantDatabases = async (site: Site, read: Read): Promise<void> => {
  const { draft, at } = site;
  const found = await accountsOf(site, read);
  if (found.some(({ kind }) => kind === 'mariadb')) await wantOwnMariadb(site);
  if (found.some(({ kind }) => kind === 'postgres')) await wantOwnPostgres(site);
  const paths = [...new Set(found.flatMap((one) => (one.kind === 'sqlite' ? [one.path] : [])))];
  for (const path of paths) draft.places.push({ component: 'sqlite', role: 'accounts', path: at(path) });
  if (paths.length > 0) {
    const files = Object.fromEntries(
      paths.map((path, number) => [`accounts${number === 0 ? '' : number + 1}`, at(path)]),
    );
    putDatabase(draft, 'sqlite', { database: 'sqlite', files }, '');
  }
  if (read.settings.some(({ value, blocks }) => blocks.some((block) => block.endsWith('db')) && value === 'ldap')) {
    draft.tell({ code: 'accounts-elsewhere', where: 'LDAP' });
  }
};

const wantSettings = async (site: Site, { postfix }: Read, users: readonly string[]): Promise<void> => {
  const { draft, at } = site;
  const config = { component: 'config', role: 'settings' } as const;
  await wantAll(draft, [
    { ...config, path: at('/etc/dovecot'), need: 'should' },
    { ...config, path: at('/etc/postfix'), need: 'should' },
    { ...config, path: at('/etc/aliases'), need: 'may' },
    { ...config, path: at('/etc/mailname'), need: 'may' },
    { ...config, path: at('/etc/rspamd'), need: 'may' },
    { ...config, path: at('/etc/spamassassin'), need: 'may' },
    { ...config, path: at('/etc/amavis'), need: 'may' },
  ]);
  const maps = pathsIn(postfix, /_maps$|_map$|^alias_database$/).filter((path) => !path.includes('$'));
  for (const path of [...maps, ...users]) {
    if (/[%$]/.test(path) || ['/etc/dovecot', '/etc/postfix', '/etc/aliases'].some((own) => liesIn(path, own)))
      continue;
    await want(draft, { ...config, role: 'accounts', path: at(path), need: 'should' });
  }
};

const wantCertificates = async (site: Site, { settings, files, postfix }: Read): Promise<void> => {
  const { draft, at } = site;
  const paths = [
    ...fileValues([...settings, ...files], 'ssl_cert', 'ssl_key', 'ssl_server_cert_file', 'ssl_server_key_file'),
    ...pathsIn(postfix, /^smtpd_tls_(?:\w*cert_file|\w*key_file|chain_files)$/),
  ];
  const trees = [...new Set(paths.map(certificateTree))].filter((path) => !/ssl-cert-snakeoil/.test(path));
  for (const path of trees) {
    if (liesIn(path, '/etc/dovecot') || liesIn(path, '/etc/postfix')) continue;
    await want(draft, { component: 'ssl', role: 'certificates', path: at(path), need: 'should' });
  }
};

/** Postfix and Dovecot as a distribution installs them: where everything lies is what their own settings say. */
export const dovecotPreset = async (machine: Machine, root: string): Promise<Proposal | undefined> => {
  const site = newSite(machine, root, 'dovecot', dovecotMark);
  if ((await machine.placeAt(site.at(dovecotMark))) === 'missing') return undefined;
  const read = await readSettings(site);
  const users = userFiles(read.settings);
  const roots = await wantMail(site, read, await homesOfFiles(site, users));
  await wantMailKeys(site, read, roots);
  await wantDatabases(site, read);
  await wantSettings(site, read, users);
  await wantCertificates(site, read);
  await wantDkim(site);
  return finished(site.draft, 'dovecot');
};
