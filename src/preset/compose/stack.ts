import type { Machine } from '../../contract/machine.ts';
import type { PresetName } from '../finding.ts';
import { type Draft, newDraft, want, type Wanted } from '../proposal.ts';
import { type ComposeProject, type ComposeService, readComposeProject } from './compose-project.ts';
import { askEngine, type ContainerEngine } from './containers.ts';
import { folderOfMount } from './volumes.ts';

/** A stack in containers that is being looked at. */
export interface Stack {
  readonly draft: Draft;
  readonly project: ComposeProject;
  readonly engine: ContainerEngine | undefined;
}

/** Reads the compose files of a folder, and asks the engine. Undefined when there is no compose file. */
export const openStack = async (machine: Machine, root: string, preset: PresetName): Promise<Stack | undefined> => {
  const draft = newDraft(machine, root);
  const told = draft.findings;
  const project = await readComposeProject(machine, root, draft.tell);
  if (project === undefined) return undefined;
  const [file = root] = project.files;
  told.unshift({ code: 'stack', preset, by: file });
  const dotEnvironment = `${root}/.env`;
  if (!project.environmentFiles.includes(dotEnvironment) && project.variables.size === 0) {
    const isNeeded = told.some(({ code }) => code === 'variables-missing');
    if (isNeeded) draft.tell({ code: 'file-missing', path: dotEnvironment });
  }
  const engine = await askEngine(machine);
  if (engine === undefined) draft.tell({ code: 'engine-silent', file });
  if (engine?.program === 'docker' && isNamedByFirst(project)) draft.composeFile = file;
  return { draft, project, engine };
};

/** Whether the first file alone says which files there are: the other overrides it by its name. */
const isNamedByFirst = ({ files: [first = '', ...others] }: ComposeProject): boolean =>
  others.every((other) => other.replace(/\.override\.ya?ml$/, '') === first.replace(/\.ya?ml$/, ''));

/** The last part of the name of an image, without its tag: `ghcr.io/mailu/admin:2.0` is `admin`. */
export const imageName = ({ image }: Pick<ComposeService, 'image'>): string =>
  image
    .replace(/@.*$/, '')
    .replace(/:[^/]*$/, '')
    .replace(/^.*\//, '');

export const serviceWith = (
  { project }: Pick<Stack, 'project'>,
  fits: (service: ComposeService) => boolean,
): ComposeService | undefined => project.services.find(fits);

/** Takes what a service has mounted at a path of its own into the draft. Resolves to the place on this machine. */
export const wantMount = async (
  stack: Stack,
  service: ComposeService | undefined,
  target: string,
  wanted: Omit<Wanted, 'path'>,
): Promise<string | undefined> => {
  const mount = service?.mounts.find((one) => one.target === target);
  if (mount === undefined) return undefined;
  const { draft, project, engine } = stack;
  const question = { machine: draft.machine, project, engine, tell: draft.tell };
  const path = await folderOfMount(question, mount, wanted.role);
  if (path === undefined) return undefined;
  await want(draft, { ...(mount.kind === 'volume' ? { name: mount.source } : {}), ...wanted, path });
  return path;
};

/** The compose files, and the files with their secrets. */
export const wantComposeFiles = async ({ draft, project }: Stack): Promise<void> => {
  const common = { component: 'config', need: 'should' } as const;
  for (const path of project.files) await want(draft, { ...common, role: 'settings', path });
  for (const path of [...project.environmentFiles, ...project.secretFiles])
    await want(draft, { ...common, role: 'secrets', path });
};
