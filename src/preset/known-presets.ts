import type { Machine } from '../contract/machine.ts';
import { composeFileIn, type ComposeService, readComposeProject } from './compose/compose-project.ts';
import { askEngine } from './compose/containers.ts';
import { engineOf } from './compose/database-service.ts';
import { dockerMailserverPreset, isDockerMailserver } from './docker-mailserver.ts';
import { dovecotMark, dovecotPreset } from './dovecot/dovecot-preset.ts';
import type { PresetName } from './finding.ts';
import { iredmailMark, iredmailPreset } from './iredmail.ts';
import { mailInABoxMark, mailInABoxPreset } from './mail-in-a-box.ts';
import { isMailcow, mailcowPreset } from './mailcow.ts';
import { mailserverPreset } from './mailserver.ts';
import { isMailu, mailuPreset } from './mailu.ts';
import { normalized } from './path.ts';
import type { Proposal } from './proposal.ts';

/** Undefined: nothing of this stack is there. */
type Preset = (machine: Machine, root: string) => Promise<Proposal | undefined>;

const presets: Readonly<Record<PresetName, Preset>> = {
  mailserver: mailserverPreset,
  'docker-mailserver': dockerMailserverPreset,
  mailcow: mailcowPreset,
  mailu: mailuPreset,
  iredmail: iredmailPreset,
  'mail-in-a-box': mailInABoxPreset,
  dovecot: dovecotPreset,
};

/** Stacks that were installed into a system: their root is that of its file system. */
const ofSystem: readonly PresetName[] = ['mail-in-a-box', 'iredmail', 'dovecot'];

export const isOfSystem = (preset: PresetName): boolean => ofSystem.includes(preset);

/** Looks at a stack. Undefined when nothing of it is at this root. */
export const propose = (preset: PresetName, machine: Machine, root: string): Promise<Proposal | undefined> =>
  presets[preset](machine, normalized(root));

/** A stack that is there. */
export interface SeenStack {
  readonly preset: PresetName;
  readonly root: string;
}

const byService: readonly (readonly [PresetName, (service: ComposeService) => boolean])[] = [
  ['mailcow', isMailcow],
  ['docker-mailserver', isDockerMailserver],
  ['mailu', isMailu],
];

/** Which stack the compose file of a folder is; undefined when it has none, or one of something else. */
export const stackIn = async (machine: Machine, folder: string): Promise<PresetName | undefined> => {
  if ((await composeFileIn(machine, folder)) === undefined) return undefined;
  const project = await readComposeProject(machine, folder, () => undefined);
  if (project === undefined) return undefined;
  const known = byService.find(([, fits]) => project.services.some(fits));
  if (known !== undefined) return known[0];
  const hasMail = (await machine.placeAt(`${folder}/data/mail`)) === 'folder';
  const hasConfig = (await machine.placeAt(`${folder}/config`)) === 'folder';
  const hasDatabase = project.services.some((service) => engineOf(service) !== undefined);
  return hasMail && (hasConfig || hasDatabase) ? 'mailserver' : undefined;
};

/** Where their own instructions put them. */
const usualFolders = [
  '/opt/mailcow-dockerized',
  '/mailu',
  '/opt/mailu',
  '/opt/docker-mailserver',
  '/opt/mailserver',
  '/srv/docker-mailserver',
  '/srv/mailserver',
  '/opt/onprem-infra-system/project-root-infra/services/mailserver',
];

/** Stacks of containers: where one works, what runs, and the usual places. */
const inContainers = async (machine: Machine, folder: string): Promise<readonly SeenStack[]> => {
  const engine = await askEngine(machine);
  const running = engine?.containers.map((container) => container.folder).filter((path) => path.startsWith('/')) ?? [];
  const seen: SeenStack[] = [];
  for (const root of new Set([normalized(folder), ...running.map(normalized), ...usualFolders])) {
    const preset = await stackIn(machine, root);
    if (preset !== undefined) seen.push({ preset, root });
  }
  return seen;
};

/** Stacks of the system itself. Plain Dovecot is one only where Postfix is beside it: a tool on a desk is no server. */
const inSystem = async (machine: Machine, root: string): Promise<readonly SeenStack[]> => {
  const isThere = async (path: string): Promise<boolean> =>
    (await machine.placeAt(normalized(`${root}/${path}`))) !== 'missing';
  if (await isThere(mailInABoxMark)) return [{ preset: 'mail-in-a-box', root }];
  if (await isThere(iredmailMark)) return [{ preset: 'iredmail', root }];
  const both = (await isThere(dovecotMark)) && (await isThere('/etc/postfix/main.cf'));
  return both ? [{ preset: 'dovecot', root }] : [];
};

/** The stacks of this machine; `folder`: where the person is. */
export const seenStacks = async (machine: Machine, folder: string): Promise<readonly SeenStack[]> => [
  ...(await inContainers(machine, folder)),
  ...(await inSystem(machine, '/')),
];

/** The stack that a server of the configuration is, by its root, or this machine's own where it has none. */
export const stackOfServer = async (machine: Machine, root: string | undefined): Promise<SeenStack | undefined> => {
  if (root !== undefined && root !== '/') {
    const preset = await stackIn(machine, root);
    if (preset !== undefined) return { preset, root };
  }
  return (await inSystem(machine, root ?? '/'))[0];
};
