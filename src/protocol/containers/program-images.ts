import { dirname } from 'node:path';
import type { Run } from '../../contract/run.ts';
import { askEngine, type Engine } from './engine.ts';

/** What a drill may start out of an image. */
export type ContainerProgram = 'mariadb' | 'mysql' | 'postgres' | 'redis' | 'dovecot' | 'sievec';

/** A container of the live server, as a configuration names it. */
export type LiveContainer =
  | { readonly kind: 'docker' | 'podman'; readonly name: string }
  /** A service of a compose file; undefined: any that looks like the program. */
  | { readonly kind: 'compose'; readonly file: string; readonly service: string | undefined };

export interface ImageWish {
  readonly program: ContainerProgram;
  /** Only this one; undefined: those of the live containers, then whatever is known. */
  readonly image: string | undefined;
  readonly live: readonly LiveContainer[];
}

export interface FoundImage {
  readonly engine: Engine;
  readonly id: string;
  /** For people. */
  readonly image: string;
}

const dovecots: readonly RegExp[] = [/(?:^|[/-])dovecot[:@]/, /(?:^|\/)(?:docker-)?mailserver[:@]/];
const [mariadbs, mysqls] = [/(?:^|[/-])mariadb(?:-server)?[:@]/, /(?:^|[/-])(?:mysql|percona)(?:-server)?[:@]/];

/** Names of images that have it, those first that suit it best. */
const knownNames: Readonly<Record<ContainerProgram, readonly RegExp[]>> = {
  mariadb: [mariadbs, mysqls],
  mysql: [mysqls, mariadbs],
  postgres: [/(?:^|[/-])postgres(?:ql)?[:@]/],
  redis: [/(?:^|[/-])redis[:@]/, /(?:^|[/-])(?:valkey|keydb)[:@]/],
  dovecot: dovecots,
  sievec: dovecots,
};

/** So many are tried at most. */
const triedAtMost = 4;

const linesOf = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.split('\t'));

const imageNamed = async (engine: Engine, image: string, run: Run): Promise<readonly FoundImage[]> => {
  const asked = await askEngine(engine, ['image', 'inspect', '--format', '{{.Id}}', '--', image], run);
  const id = asked?.stdout.trim() ?? '';
  return asked?.code === 0 && id !== '' ? [{ engine, id, image }] : [];
};

const composeLabel = 'com.docker.compose';
const containerFormat = ['{{.Image}}', '{{.Config.Image}}', `{{index .Config.Labels "${composeLabel}.service"}}`];

interface FoundContainer extends FoundImage {
  /** Of a compose file; empty: it is of none. */
  readonly service: string;
}

/** Those that are gone are left out. */
const containersNamed = async (
  engine: Engine,
  names: readonly string[],
  run: Run,
): Promise<readonly FoundContainer[]> => {
  if (names.length === 0) return [];
  const parameters = ['container', 'inspect', '--format', containerFormat.join('\t'), '--', ...names];
  const asked = await askEngine(engine, parameters, run);
  return linesOf(asked?.stdout ?? '').flatMap(([id = '', image = '', service = '']) =>
    id === '' ? [] : [{ engine, id, image, service }],
  );
};

interface WantedService {
  readonly file: string;
  /** Undefined: any that looks like the program. */
  readonly service: string | undefined;
  readonly program: ContainerProgram;
}

/** By what compose has written on containers: the file itself may be gone, or have changed. */
const containersOfCompose = async (
  engine: Engine,
  { file, service: wanted, program }: WantedService,
  run: Run,
): Promise<readonly FoundContainer[]> => {
  const filter = `label=${composeLabel}.project.working_dir=${dirname(file)}`;
  const asked = await askEngine(engine, ['ps', '--all', '--quiet', '--filter', filter], run);
  const ids = asked?.code === 0 ? asked.stdout.split('\n').filter((line) => line !== '') : [];
  return (await containersNamed(engine, ids, run)).filter(({ image, service }) =>
    wanted === undefined ? [image, service].some((one) => isKnown(`${one}:`, program)) : service === wanted,
  );
};

const isKnown = (image: string, program: ContainerProgram): boolean =>
  knownNames[program].some((pattern) => pattern.test(image));

const liveImages = async (engine: Engine, { program, live }: ImageWish, run: Run): Promise<readonly FoundImage[]> => {
  const found: FoundContainer[] = [];
  for (const one of live) {
    if (one.kind === 'compose') found.push(...(await containersOfCompose(engine, { ...one, program }, run)));
    else if (one.kind === engine.kind) found.push(...(await containersNamed(engine, [one.name], run)));
  }
  return found.map(({ id, image }) => ({ engine, id, image }));
};

/** Those of the best name first; of one name the newest, as the engine lists them. */
const knownImages = async (engine: Engine, program: ContainerProgram, run: Run): Promise<readonly FoundImage[]> => {
  const parameters = ['image', 'ls', '--no-trunc', '--format', '{{.ID}}\t{{.Repository}}:{{.Tag}}'];
  const asked = await askEngine(engine, parameters, run);
  const all = linesOf(asked?.code === 0 ? asked.stdout : '').map(([id = '', image = '']) => ({ engine, id, image }));
  return knownNames[program].flatMap((pattern) => all.filter(({ image }) => pattern.test(image)));
};

/** Images on this machine that should have a program. Nothing is ever fetched. */
export const imagesFor = async (
  engines: readonly Engine[],
  wish: ImageWish,
  run: Run,
): Promise<readonly FoundImage[]> => {
  const found: FoundImage[] = [];
  for (const engine of engines) {
    if (wish.image !== undefined) found.push(...(await imageNamed(engine, wish.image, run)));
    else found.push(...(await liveImages(engine, wish, run)));
  }
  if (wish.image === undefined)
    for (const engine of engines) found.push(...(await knownImages(engine, wish.program, run)));
  const first = new Map<string, FoundImage>();
  for (const one of found) if (!first.has(one.id)) first.set(one.id, one);
  return [...first.values()].slice(0, triedAtMost);
};
