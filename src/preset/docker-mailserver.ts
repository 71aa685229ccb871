import type { Machine } from '../contract/machine.ts';
import type { ComposeService } from './compose/compose-project.ts';
import { wantOtherDatabases } from './compose/database-service.ts';
import { imageName, openStack, type Stack, serviceWith, wantComposeFiles, wantMount } from './compose/stack.ts';
import { tellDkim } from './dkim.ts';
import { tellMailForms } from './mail-forms.ts';
import { liesIn } from './path.ts';
import { finished, type Proposal, want } from './proposal.ts';
import { tellUnclaimed } from './unclaimed.ts';

export const isDockerMailserver = (service: ComposeService): boolean =>
  /docker-mailserver|mailserver\/docker/.test(service.image) || imageName(service) === 'docker-mailserver';

/** What fills itself again, or is of this machine. */
const ownTargets = ['/etc/localtime', '/etc/timezone', '/var/run/docker.sock'];

const wantKeys = async ({ draft }: Stack, config: string | undefined): Promise<void> => {
  if (config === undefined) return;
  const places = [`${config}/opendkim/keys`, `${config}/rspamd/dkim`];
  for (const path of [`${config}/opendkim`, `${config}/rspamd/dkim`]) {
    const name = path.endsWith('opendkim') ? 'opendkim' : 'rspamd-dkim';
    await want(draft, { component: 'dkim', role: 'dkim', path, name, need: 'may' });
  }
  await tellDkim(draft, places);
};

/** Of a certificate tree everything: accounts and archive are beside `live`. */
const wantCertificates = async (stack: Stack, service: ComposeService): Promise<void> => {
  for (const mount of service.mounts) {
    if (!mount.target.startsWith('/etc/letsencrypt') && !/\/(?:ssl|certs?|acme)(?:[./-]|$)/.test(mount.target))
      continue;
    const wanted = { component: 'ssl', role: 'certificates', need: 'should' } as const;
    const name = mount.target.startsWith('/etc/letsencrypt') ? { name: 'letsencrypt' } : {};
    await wantMount(stack, service, mount.target, { ...wanted, ...name });
  }
};

/** One container with everything in it, and four folders. */
export const dockerMailserverPreset = async (machine: Machine, root: string): Promise<Proposal | undefined> => {
  const stack = await openStack(machine, root, 'docker-mailserver');
  if (stack === undefined) return undefined;
  const { draft, project } = stack;
  const service = serviceWith(stack, isDockerMailserver);
  const file = project.files[0] ?? root;
  if (service === undefined) {
    draft.tell({ code: 'service-missing', service: 'docker-mailserver', file });
    return finished(draft, 'docker-mailserver');
  }
  const mail = await wantMount(stack, service, '/var/mail', {
    component: 'mail',
    role: 'mail',
    need: 'should',
    name: 'mail-data',
  });
  if (mail === undefined) draft.tell({ code: 'mail-missing', path: '/var/mail' });
  const config = await wantMount(stack, service, '/tmp/docker-mailserver', {
    component: 'config',
    role: 'accounts',
    need: 'should',
    name: 'config',
  });
  if (config === undefined) draft.tell({ code: 'not-there', role: 'accounts', path: '/tmp/docker-mailserver' });
  wantOtherDatabases(stack);
  await wantComposeFiles(stack);
  await wantCertificates(stack, service);
  await wantKeys(stack, config);
  await wantMount(stack, service, '/var/mail-state', {
    component: 'state',
    role: 'extra',
    need: 'should',
    name: 'mail-state',
    form: 'archive',
    // Virus signatures are fetched again, and are the most of it.
    exclude: ['lib-clamav'],
  });
  await wantMount(stack, service, '/var/log/mail', {
    component: 'logs',
    role: 'extra',
    need: 'may',
    name: 'mail-logs',
  });
  if (service.environment.get('ACCOUNT_PROVISIONER') === 'LDAP') {
    draft.tell({ code: 'accounts-elsewhere', where: service.environment.get('LDAP_SERVER_HOST') ?? 'LDAP' });
  }
  await tellUnclaimed(stack, ({ target }) => ownTargets.some((own) => liesIn(target, own)));
  if (mail !== undefined) await tellMailForms(draft, mail, { files: [], isSaid: false });
  return finished(draft, 'docker-mailserver');
};
