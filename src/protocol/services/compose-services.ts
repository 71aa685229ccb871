import { stat } from 'node:fs/promises';
import type { Run } from '../../contract/run.ts';
import type { Services } from '../../contract/services.ts';
import type { FoundService } from '../../model/service-plan.ts';
import { composeFiles } from '../../system/compose-files.ts';
import { askCommand, mustSucceed, type Variables } from './command.ts';
import { describedContainers } from './described-containers.ts';
import { type LabelledContainer, labelledContainers } from './labelled-containers.ts';

export interface ComposeWish {
  /** Absolute. */
  readonly file: string;
  /** Only these; undefined: all. */
  readonly services: readonly string[] | undefined;
  /** The databases of the server: names of containers, and of services of this file. */
  readonly databases: readonly string[];
}

const databaseName = /maria|mysql|postgres|redis|valkey|keydb/;

const namesIn = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

interface ComposeAnswers {
  readonly all: string;
  readonly running: string;
  /** `NAME\tSERVICE`. */
  readonly containers: string;
}

const servicesByContainer = ({ containers }: ComposeAnswers): ReadonlyMap<string, string> =>
  new Map(
    namesIn(containers).map((line) => {
      const [container = '', service = ''] = line.split('\t');
      return [container, service] as const;
    }),
  );

/** Whether it is said for each database which service it is in. */
const knowsDatabases = ({ databases }: ComposeWish, said: ComposeAnswers): boolean => {
  const known = new Set([...servicesByContainer(said).keys(), ...namesIn(said.all)]);
  return databases.every((name) => known.has(name));
};

/** From what compose says of its services, of those that run, and of its containers. */
export const composeStates = (
  { services, databases }: Pick<ComposeWish, 'services' | 'databases'>,
  said: ComposeAnswers,
): readonly FoundService[] => {
  const running = new Set(namesIn(said.running));
  const inContainer = servicesByContainer(said);
  const known = new Set(databases.map((name) => inContainer.get(name) ?? name));
  const all = namesIn(said.all).filter((name) => services?.includes(name) !== false);
  const isKnown = all.some((name) => known.has(name));
  return all.map((name) => ({
    name,
    state: running.has(name) ? 'running' : 'stopped',
    // Nothing may say of a container that was never made which service it will be of.
    isDatabase: isKnown ? known.has(name) : databases.length > 0 && databaseName.test(name),
  }));
};

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * Services of a compose file, with the file that overrides it. Where it is gone, or not there yet, they are those whose containers say that they were made from it;
 * as soon as it has come back, it counts.
 */
export const composeServices = (wish: ComposeWish, variables: Variables): Services => {
  let compose: readonly string[] | undefined;
  const command = async (run: Run): Promise<readonly string[]> => {
    compose ??=
      (await askCommand(['docker', 'compose', 'version'], variables, run)).code === 0
        ? ['docker', 'compose']
        : ['docker-compose'];
    const files = await composeFiles(wish.file);
    return [...compose, ...files.flatMap((file) => ['-f', file])];
  };
  const ask = async (words: readonly string[], run: Run): Promise<string> =>
    (await mustSucceed([...(await command(run)), ...words], variables, run)).stdout;
  const withContainers = async (verb: 'stop' | 'start', names: readonly string[], run: Run): Promise<void> => {
    const containers = await labelledContainers(wish.file, variables, run);
    const chosen = containers.filter(({ service }) => names.includes(service)).map(({ name }) => name);
    if (chosen.length > 0) await mustSucceed(['docker', verb, ...chosen], variables, run);
  };
  return {
    description: `compose services of ${wish.file}`,
    list: async (run) => {
      if (!(await isThere(wish.file)))
        return statesOfContainers(wish, await labelledContainers(wish.file, variables, run));
      const all = await ask(['config', '--services'], run);
      const running = await ask(['ps', '--services', '--filter', 'status=running'], run);
      const containers = await containersOf(await ask(['ps', '--all', '--quiet'], run), variables, run);
      const said = { all, running, containers };
      if (knowsDatabases(wish, said)) return composeStates(wish, said);
      // What was never started has no containers: the file says which there will be. There may be secrets in that, so it is not repeated.
      const { code, stdout } = await askCommand([...(await command(run)), 'config'], variables, run);
      const described = code === 0 ? describedContainers(wish.file, stdout) : '';
      return composeStates(wish, { ...said, containers: `${described}\n${containers}` });
    },
    stop: async (names, run) => {
      if (await isThere(wish.file)) await ask(['stop', ...names], run);
      else await withContainers('stop', names, run);
    },
    start: async (names, run) => {
      if (await isThere(wish.file)) await ask(['up', '-d', ...names], run);
      else await withContainers('start', names, run);
    },
  };
};

const statesOfContainers = (wish: ComposeWish, containers: readonly LabelledContainer[]): readonly FoundService[] => {
  const servicesOf = (of: readonly LabelledContainer[]): string =>
    [...new Set(of.map(({ service }) => service))].join('\n');
  return composeStates(wish, {
    all: servicesOf(containers),
    running: servicesOf(containers.filter(({ isRunning }) => isRunning)),
    containers: containers.map(({ name, service }) => `${name}\t${service}`).join('\n'),
  });
};

/** `NAME\tSERVICE` for each of these containers; both generations of compose write the label. */
const containersOf = async (ids: string, variables: Variables, run: Run): Promise<string> => {
  const names = namesIn(ids);
  if (names.length === 0) return '';
  const format = '{{.Name}}\t{{index .Config.Labels "com.docker.compose.service"}}';
  const { stdout } = await mustSucceed(['docker', 'inspect', '--format', format, ...names], variables, run);
  // The engine's own names begin with a slash.
  return stdout.replace(/^\//gm, '');
};
