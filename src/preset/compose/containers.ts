import type { Machine } from '../../contract/machine.ts';
import type { ComposeProject, ComposeService } from './compose-project.ts';

/** A container as the engine lists it. */
export interface Container {
  readonly name: string;
  readonly image: string;
  /** Of Compose, by its labels; empty for others. */
  readonly project: string;
  readonly service: string;
  readonly folder: string;
}

/** The engine that answers. */
export interface ContainerEngine {
  readonly program: 'docker' | 'podman';
  readonly containers: readonly Container[];
}

const label = (name: string): string => `{{.Label "com.docker.compose.${name}"}}`;
const columns = ['{{.Names}}', '{{.Image}}', label('project'), label('service'), label('project.working_dir')];

/** Asks Docker, or where it is not, Podman. Undefined when neither answers. */
export const askEngine = async (machine: Machine): Promise<ContainerEngine | undefined> => {
  for (const program of ['docker', 'podman'] as const) {
    const said = await machine.ask(program, ['ps', '--all', '--format', columns.join('\t')]);
    if (said === undefined) continue;
    const containers = said
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line): Container => {
        const [name = '', image = '', project = '', service = '', folder = ''] = line.split('\t');
        return { name: name.split(',', 1)[0] ?? '', image, project, service, folder };
      });
    return { program, containers };
  }
  return undefined;
};

/** Where a service runs, as the configuration says it, and for people. */
export interface ServicePlace {
  readonly setting: Readonly<Record<string, unknown>>;
  readonly where: string;
  /** The command in front of one that is to run in it, quoted for a configuration. */
  readonly into: string;
}

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

const containerOf = (
  project: ComposeProject,
  service: ComposeService,
  engine: ContainerEngine | undefined,
): string | undefined => {
  const ours = engine?.containers.filter((container) => container.service === service.name) ?? [];
  const running =
    ours.find((container) => container.folder === project.folder) ??
    ours.find((container) => container.project === project.name);
  return running?.name ?? service.containerName;
};

/** By the name of its container where that is known, else by the compose file. */
export const placeOfService = (
  project: ComposeProject,
  service: ComposeService,
  engine: ContainerEngine | undefined,
): ServicePlace => {
  const program = engine?.program ?? 'docker';
  const container = containerOf(project, service, engine);
  if (container !== undefined) {
    return { setting: { [program]: container }, where: container, into: `${program} exec ${quoted(container)}` };
  }
  const file = project.files[0] ?? '';
  return {
    setting: { compose: { file, service: service.name } },
    where: service.name,
    into: `docker compose -f ${quoted(file)} exec -T ${quoted(service.name)}`,
  };
};

/** The name of the project that runs from its folder, where the engine knows it: another than the files say, perhaps. */
export const runningName = (project: ComposeProject, engine: ContainerEngine | undefined): string =>
  engine?.containers.find(({ folder, project: name }) => folder === project.folder && name !== '')?.project ??
  project.name;
