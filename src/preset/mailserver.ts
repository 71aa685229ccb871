import type { Machine } from '../contract/machine.ts';
import { engineOf, wantDatabase } from './compose/database-service.ts';
import { openStack, wantComposeFiles } from './compose/stack.ts';
import { tellDkim } from './dkim.ts';
import { tellMailForms } from './mail-forms.ts';
import { finished, type Proposal, wantAll } from './proposal.ts';
import { tellUnclaimed } from './unclaimed.ts';

/**
 * Postfix, Dovecot and MariaDB in containers, with everything below one folder: `data/mail`, `data/certbot`, `config`, `logs`, `scripts`,
 * and `docker-compose.yml`.
 */
export const mailserverPreset = async (machine: Machine, root: string): Promise<Proposal | undefined> => {
  const stack = await openStack(machine, root, 'mailserver');
  if (stack === undefined) return undefined;
  const { draft, project } = stack;
  const at = (path: string): string => `${root}/${path}`;
  await wantAll(draft, [
    { component: 'mail', role: 'mail', path: at('data/mail/vmail'), need: 'should', exclude: ['*.tmp'] },
    { component: 'mail', role: 'mail', path: at('data/mail/sieve'), need: 'may' },
    { component: 'config', role: 'settings', path: at('config'), need: 'should' },
  ]);
  for (const service of project.services) if (engineOf(service) !== undefined) wantDatabase(stack, service);
  if (!draft.components.has('mysql') && !draft.components.has('postgres')) {
    draft.tell({ code: 'service-missing', service: 'mariadb', file: project.files[0] ?? root });
  }
  await wantComposeFiles(stack);
  await wantAll(draft, [
    { component: 'ssl', role: 'certificates', path: at('data/certbot'), need: 'should' },
    { component: 'dkim', role: 'dkim', path: at('config/opendkim/keys'), name: 'opendkim-keys', need: 'may' },
    { component: 'dkim', role: 'dkim', path: at('config/rspamd/dkim'), name: 'rspamd-dkim', need: 'may' },
    { component: 'scripts', role: 'extra', path: at('scripts'), need: 'may' },
    { component: 'logs', role: 'extra', path: at('logs'), need: 'may' },
  ]);
  await tellDkim(draft, [at('config/opendkim/keys'), at('config/rspamd/dkim'), at('config/opendkim')]);
  await tellUnclaimed(stack, () => false);
  await tellMailForms(draft, at('data/mail/vmail'), { files: [], isSaid: false });
  return finished(draft, 'mailserver');
};
