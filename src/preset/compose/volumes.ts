import type { Machine } from '../../contract/machine.ts';
import type { PresetFinding, Role } from '../finding.ts';
import { resolved } from '../path.ts';
import type { ComposeProject, Mount } from './compose-project.ts';
import { type ContainerEngine, runningName } from './containers.ts';

export interface VolumeQuestion {
  readonly machine: Machine;
  readonly project: ComposeProject;
  readonly engine: ContainerEngine | undefined;
  tell(finding: PresetFinding): void;
}

const usualRoots = (home: string): readonly string[] => [
  '/var/lib/docker',
  `${home}/.local/share/docker`,
  '/var/lib/containers/storage',
  `${home}/.local/share/containers/storage`,
];

/** `data-root` of the daemon's own file, which is there also when it does not answer. */
const configuredRoot = async (machine: Machine): Promise<readonly string[]> => {
  const look = await machine.readText('/etc/docker/daemon.json');
  const root = look.kind === 'text' ? /"data-root"\s*:\s*"([^"]+)"/.exec(look.text)?.[1] : undefined;
  return root === undefined ? [] : [root];
};

/** The folder of volumes of the engine, the likeliest first. */
const rootsOf = async ({ machine, engine }: VolumeQuestion): Promise<readonly string[]> => {
  const said = await machine.ask(engine?.program ?? 'docker', ['info', '--format', '{{.DockerRootDir}}']);
  const told = said === undefined || !said.startsWith('/') ? [] : [said.trim()];
  return [...told, ...(await configuredRoot(machine)), ...usualRoots(machine.home)];
};

/** Compose 1 took hyphens out of the name of a project. */
const namesOf = (question: VolumeQuestion, key: string): readonly string[] => {
  const { project, engine } = question;
  const { name } = project.volumeOf(key);
  const own = `${project.name}_`;
  if (!name.startsWith(own)) return [name];
  const rest = name.slice(own.length);
  const running = runningName(project, engine);
  return [...new Set([`${running}_${rest}`, name, `${project.name.replaceAll(/[-_]/g, '')}_${rest}`])];
};

const inspected = async (
  { machine, engine }: VolumeQuestion,
  names: readonly string[],
): Promise<string | undefined> => {
  if (engine === undefined) return undefined;
  for (const name of names) {
    const said = await machine.ask(engine.program, ['volume', 'inspect', '--format', '{{.Mountpoint}}', name]);
    const path = said?.trim() ?? '';
    if (path.startsWith('/')) return path;
  }
  return undefined;
};

const guessed = async (question: VolumeQuestion, names: readonly string[]): Promise<string> => {
  const roots = await rootsOf(question);
  const places = roots.flatMap((root) => names.map((name) => `${root}/volumes/${name}/_data`));
  let closed: string | undefined;
  for (const place of places) {
    const there = await question.machine.placeAt(place);
    if (there === 'folder') return place;
    if (there === 'closed') closed ??= place;
  }
  return closed ?? places[0] ?? '';
};

/** Where on this machine lies what is mounted. Undefined where nobody here can know; that is told. */
export const folderOfMount = async (
  question: VolumeQuestion,
  mount: Mount,
  role: Role,
): Promise<string | undefined> => {
  const { project, machine, tell } = question;
  if (mount.kind === 'bind') return mount.source;
  const { driver, device, name } = project.volumeOf(mount.source);
  if (device !== undefined) return resolved(project.folder, device, machine.home);
  if (driver !== undefined) {
    tell({ code: 'volume-driver', volume: name, driver, role });
    return undefined;
  }
  const names = namesOf(question, mount.source);
  const known = await inspected(question, names);
  if (known !== undefined) return known;
  const path = await guessed(question, names);
  tell({ code: 'volume-guessed', volume: mount.source, path });
  return path;
};
