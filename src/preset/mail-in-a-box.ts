import type { Machine } from '../contract/machine.ts';
import { environmentFile } from './compose/environment-file.ts';
import { tellDkim } from './dkim.ts';
import { tellMailForms } from './mail-forms.ts';
import { finished, type Proposal, putDatabase, want, wantAll } from './proposal.ts';
import { newSite, type Site } from './site.ts';

export const mailInABoxMark = '/etc/mailinabox.conf';

/** Where the box keeps everything, when its own file does not tell. */
const usualStorage = '/home/user-data';

/** Each is copied by SQLite's own call, while the box runs. */
const wantSqlite = async ({ draft, at }: Site, storage: string): Promise<void> => {
  const all = {
    users: at(`${storage}/mail/users.sqlite`),
    roundcube: at(`${storage}/mail/roundcube/roundcube.sqlite`),
    nextcloud: at(`${storage}/owncloud/owncloud.db`),
  };
  const files: Record<string, string> = {};
  for (const [name, path] of Object.entries(all)) {
    if ((await draft.machine.placeAt(path)) === 'missing') {
      draft.tell({ code: 'not-there', role: 'accounts', path });
      continue;
    }
    files[name] = path;
    draft.places.push({ component: 'sqlite', role: 'accounts', path });
  }
  if (Object.keys(files).length > 0) putDatabase(draft, 'sqlite', { database: 'sqlite', files }, '');
};

/** The key of the box's own backups lies where they leave it out. */
const wantOwnKey = async ({ draft, at }: Site, storage: string): Promise<void> => {
  const path = at(`${storage}/backup/secret_key.txt`);
  const wanted = { component: 'keys', role: 'own-key', path, need: 'may', form: 'archive' } as const;
  const place = await want(draft, wanted);
  draft.tell({ code: place === 'missing' ? 'own-backup-key-missing' : 'own-backup-key', path });
};

/** Mail-in-a-Box: everything below one folder. Its own backups and caches of them are left out. */
export const mailInABoxPreset = async (machine: Machine, root: string): Promise<Proposal | undefined> => {
  const site = newSite(machine, root, 'mail-in-a-box', mailInABoxMark);
  const { draft, at } = site;
  if ((await machine.placeAt(at(mailInABoxMark))) === 'missing') return undefined;
  const text = await site.text(mailInABoxMark);
  const storage = environmentFile(text ?? '').get('STORAGE_ROOT') ?? usualStorage;
  const below = (path: string): string => at(`${storage}/${path}`);
  const mail = below('mail/mailboxes');
  await wantAll(draft, [
    { component: 'mail', role: 'mail', path: mail, need: 'should' },
    { component: 'mail', role: 'mail', path: below('mail/sieve'), need: 'may' },
  ]);
  await wantSqlite(site, storage);
  await wantOwnKey(site, storage);
  const config = { component: 'config', role: 'settings' } as const;
  await wantAll(draft, [
    { ...config, path: at(mailInABoxMark), need: 'should' },
    { ...config, path: below('settings.yaml'), need: 'may' },
    { ...config, path: below('mailinabox.version'), need: 'may' },
    { ...config, path: below('backup/custom.yaml'), need: 'may' },
    // Keys of DNSSEC, and what was added to the zones.
    { ...config, role: 'secrets', path: below('dns'), need: 'should' },
    { ...config, path: below('mail/spamassassin'), need: 'may' },
    { ...config, path: at('/etc/postfix'), need: 'may' },
    { ...config, path: at('/etc/dovecot'), need: 'may' },
    { component: 'ssl', role: 'certificates', path: below('ssl'), need: 'should' },
    { component: 'dkim', role: 'dkim', path: below('mail/dkim'), need: 'should' },
    { component: 'www', role: 'extra', path: below('www'), need: 'may', form: 'tree' },
    {
      component: 'nextcloud',
      role: 'extra',
      path: below('owncloud'),
      need: 'may',
      form: 'tree',
      exclude: ['owncloud.db', 'owncloud.db-*'],
    },
  ]);
  await tellDkim(draft, [below('mail/dkim')]);
  await tellMailForms(draft, mail, { files: [], isSaid: false });
  return finished(draft, 'mail-in-a-box');
};
