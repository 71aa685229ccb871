import type { Machine } from '../../contract/machine.ts';
import type { PresetFinding } from '../finding.ts';
import { lastName, parentOf, resolved } from '../path.ts';
import {
  composeDocument,
  environmentOf,
  listOf,
  type Mapping,
  mappingOf,
  merged,
  textOf,
  type Value,
} from './compose-document.ts';
import { environmentFile } from './environment-file.ts';

/** `source` is an absolute path of a bind mount, or the key of a volume. */
export interface Mount {
  readonly kind: 'bind' | 'volume';
  readonly source: string;
  /** Without a slash at its end. */
  readonly target: string;
}

export interface ComposeService {
  readonly name: string;
  readonly image: string;
  readonly containerName: string | undefined;
  readonly environment: ReadonlyMap<string, string>;
  /** Absolute. */
  readonly environmentFiles: readonly string[];
  readonly mounts: readonly Mount[];
}

export interface ComposeVolume {
  /** As the engine knows it. */
  readonly name: string;
  /** Undefined: the engine's own, or a folder that is mounted by it. */
  readonly driver: string | undefined;
  /** Of a folder that is a volume by `driver_opts`. */
  readonly device: string | undefined;
}

/** What the compose files of a folder say. */
export interface ComposeProject {
  readonly folder: string;
  readonly name: string;
  /** Absolute: the compose file, and what goes over it. */
  readonly files: readonly string[];
  /** Absolute: `.env`, and those of services. They hold secrets. */
  readonly environmentFiles: readonly string[];
  /** Absolute: what containers get as a secret or a configuration out of a file. */
  readonly secretFiles: readonly string[];
  readonly variables: ReadonlyMap<string, string>;
  readonly services: readonly ComposeService[];
  volumeOf(key: string): ComposeVolume;
}

/** The names that Compose looks for, in its order. */
export const composeFileNames = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];

type Tell = (finding: PresetFinding) => void;

const firstThere = async (machine: Machine, paths: readonly string[]): Promise<string | undefined> => {
  for (const path of paths) {
    const place = await machine.placeAt(path);
    if (place === 'file' || place === 'closed') return path;
  }
  return undefined;
};

/** The compose file of a folder; undefined when there is none. */
export const composeFileIn = (machine: Machine, folder: string): Promise<string | undefined> =>
  firstThere(
    machine,
    composeFileNames.map((name) => resolved(folder, name, machine.home)),
  );

const readVariables = async (
  machine: Machine,
  file: string,
  tell: Tell,
): Promise<ReadonlyMap<string, string> | undefined> => {
  const look = await machine.readText(file);
  if (look.kind === 'text') return environmentFile(look.text);
  if (look.kind === 'closed') tell({ code: 'file-closed', path: file, reason: look.reason });
  return undefined;
};

const filesOf = async (
  machine: Machine,
  folder: string,
  variables: ReadonlyMap<string, string>,
): Promise<readonly string[]> => {
  const named = variables.get('COMPOSE_FILE');
  if (named !== undefined && named !== '') {
    return named
      .split(variables.get('COMPOSE_PATH_SEPARATOR') ?? ':')
      .map((file) => resolved(folder, file, machine.home));
  }
  const file = await composeFileIn(machine, folder);
  if (file === undefined) return [];
  const stem = file.replace(/\.ya?ml$/, '');
  const over = await firstThere(machine, [`${stem}.override.yml`, `${stem}.override.yaml`]);
  return over === undefined ? [file] : [file, over];
};

const mountsOf = (service: Mapping, folder: string, home: string): readonly Mount[] =>
  listOf(service['volumes']).flatMap((given): readonly Mount[] => {
    const text = textOf(given);
    const long = mappingOf(given);
    const [source, target] = text === undefined ? [textOf(long['source']), textOf(long['target'])] : text.split(':');
    if (source === undefined || target === undefined || textOf(long['type']) === 'tmpfs') return [];
    const isBind = text === undefined ? textOf(long['type']) === 'bind' : /^[./~]/.test(source);
    const at = target.replace(/(?<=.)\/+$/, '');
    return isBind
      ? [{ kind: 'bind', source: resolved(folder, source, home), target: at }]
      : [{ kind: 'volume', source, target: at }];
  });

const environmentFilesOf = (service: Mapping, folder: string, home: string): readonly string[] =>
  listOf(service['env_file']).flatMap((given) => {
    const file = textOf(given) ?? textOf(mappingOf(given)['path']);
    return file === undefined ? [] : [resolved(folder, file, home)];
  });

const serviceOf = async (
  name: string,
  value: Value,
  { machine, folder, tell }: { machine: Machine; folder: string; tell: Tell },
): Promise<ComposeService> => {
  const service = mappingOf(value);
  const environment = new Map<string, string>();
  const environmentFiles = environmentFilesOf(service, folder, machine.home);
  for (const file of environmentFiles) {
    for (const [variable, one] of (await readVariables(machine, file, tell)) ?? []) environment.set(variable, one);
  }
  for (const [variable, one] of environmentOf(service['environment'])) environment.set(variable, one);
  return {
    name,
    image: textOf(service['image']) ?? '',
    containerName: textOf(service['container_name']),
    environment,
    environmentFiles,
    mounts: mountsOf(service, folder, machine.home),
  };
};

/** The files of `secrets:` and `configs:`. */
const secretFilesOf = (whole: Mapping, base: string, home: string): readonly string[] =>
  ['secrets', 'configs'].flatMap((list) =>
    Object.values(mappingOf(whole[list])).flatMap((one) => {
      const file = textOf(mappingOf(one)['file']);
      return file === undefined ? [] : [resolved(base, file, home)];
    }),
  );

/** As Compose makes a name of a project from a folder. */
const plainName = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');

const volumeIn =
  (volumes: Mapping, project: string) =>
  (key: string): ComposeVolume => {
    const volume = mappingOf(volumes[key]);
    const external = volume['external'];
    const own = textOf(volume['name']) ?? textOf(mappingOf(external)['name']);
    const isExternal = external === true || Object.keys(mappingOf(external)).length > 0;
    const options = mappingOf(volume['driver_opts']);
    const driver = textOf(volume['driver']);
    const isBind = /\bbind\b/.test(textOf(options['o']) ?? '');
    const isOther = (driver ?? 'local') !== 'local' || (options['type'] !== undefined && !isBind);
    return {
      name: own ?? (isExternal ? key : `${project}_${key}`),
      driver: isOther ? ((driver ?? 'local') === 'local' ? textOf(options['type']) : driver) : undefined,
      device: isBind ? textOf(options['device']) : undefined,
    };
  };

/** Everything that the files say, one over the other. */
const mergedFiles = async (
  machine: Machine,
  files: readonly string[],
  variables: ReadonlyMap<string, string>,
  tell: Tell,
): Promise<Mapping> => {
  let whole: Value = {};
  for (const file of files) {
    const look = await machine.readText(file);
    if (look.kind === 'missing') tell({ code: 'file-missing', path: file });
    if (look.kind === 'closed') tell({ code: 'file-closed', path: file, reason: look.reason });
    if (look.kind !== 'text') continue;
    const read = composeDocument(look.text, variables);
    if (read.kind === 'bad') {
      tell({ code: 'file-strange', path: file, reason: read.reason });
      continue;
    }
    if (read.missing.length > 0) tell({ code: 'variables-missing', file, names: read.missing });
    whole = merged(whole, read.value);
  }
  return mappingOf(whole);
};

/** Reads the compose files of a folder. Undefined when it has none; what of them cannot be read is told. */
export const readComposeProject = async (
  machine: Machine,
  folder: string,
  tell: Tell,
): Promise<ComposeProject | undefined> => {
  const dotEnvironment = `${folder === '/' ? '' : folder}/.env`;
  const read = await readVariables(machine, dotEnvironment, tell);
  const variables = read ?? new Map<string, string>();
  const files = await filesOf(machine, folder, variables);
  if (files.length === 0) return undefined;
  const whole = await mergedFiles(machine, files, variables, tell);
  const services: ComposeService[] = [];
  const base = parentOf(files[0] ?? folder);
  for (const [name, value] of Object.entries(mappingOf(whole['services']))) {
    services.push(await serviceOf(name, value, { machine, folder: base, tell }));
  }
  const given = variables.get('COMPOSE_PROJECT_NAME') ?? textOf(whole['name']) ?? '';
  const name = plainName(given === '' ? lastName(folder) : given);
  const environmentFiles = new Set(services.flatMap((service) => service.environmentFiles));
  if (read !== undefined) environmentFiles.add(dotEnvironment);
  return {
    folder,
    name,
    files,
    environmentFiles: [...environmentFiles],
    secretFiles: [...new Set(secretFilesOf(whole, base, machine.home))],
    variables,
    services,
    volumeOf: volumeIn(mappingOf(whole['volumes']), name),
  };
};
