import { tellDkim } from '../dkim.ts';
import { parentOf } from '../path.ts';
import { putDatabase, want } from '../proposal.ts';
import type { Site } from '../site.ts';

const usualFolders = ['/etc/opendkim', '/etc/dkimkeys', '/var/lib/rspamd/dkim', '/var/lib/dkim'];

/** Keys that OpenDKIM's own file names, one or by a table. */
const opendkimKeys = async (site: Site): Promise<readonly string[]> => {
  const text = (await site.text('/etc/opendkim.conf')) ?? '';
  const keys = [...text.matchAll(/^\s*KeyFile\s+(\/\S+)/gm)].map((match) => match[1] ?? '');
  for (const [, table = ''] of text.matchAll(/^\s*KeyTable\s+(?:\w+:)?(\/\S+)/gm)) {
    keys.push(table);
    const lines = (await site.text(table)) ?? '';
    keys.push(...[...lines.matchAll(/^[^#\s]\S*\s+[^:\s]+:[^:\s]+:(\/\S+)/gm)].map((match) => match[1] ?? ''));
  }
  return keys;
};

const rspamdKeys = async (site: Site): Promise<readonly string[]> => {
  const text = (await site.text('/etc/rspamd/local.d/dkim_signing.conf')) ?? '';
  const isInRedis = /^\s*use_redis\s*=\s*"?(?:true|yes|on|1)\b/m.test(text);
  if (isInRedis && site.isHere) {
    putDatabase(site.draft, 'redis', { database: 'redis' }, '');
    site.draft.tell({ code: 'dkim-in-redis', component: 'redis' });
  }
  return [...text.matchAll(/^\s*path\s*=\s*"?(\/[^"\s;]+)/gm)].map((match) => {
    const path = match[1] ?? '';
    return path.includes('$') ? parentOf(path.slice(0, path.indexOf('$') + 1)) : path;
  });
};

/** The private keys of OpenDKIM and Rspamd, where their settings say and where they usually are. */
export const wantDkim = async (site: Site): Promise<void> => {
  const { draft, at } = site;
  const wanted = { component: 'dkim', role: 'dkim' } as const;
  const folders = new Set([...usualFolders, ...(await rspamdKeys(site))]);
  for (const path of folders) await want(draft, { ...wanted, path: at(path), need: 'may' });
  await want(draft, { component: 'config', role: 'settings', path: at('/etc/opendkim.conf'), need: 'may' });
  const keys = await opendkimKeys(site);
  for (const key of keys) {
    if ([...folders].some((folder) => key.startsWith(`${folder}/`))) continue;
    await want(draft, { ...wanted, path: at(key), need: 'should' });
  }
  if (draft.components.has('redis')) return;
  await tellDkim(draft, [...folders, ...keys].map(at));
};
