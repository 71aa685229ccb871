import type { Machine } from '../contract/machine.ts';
import { isLiveAlone, partsOfTree, treeParts } from './certificates.ts';
import { type Engine, type PresetFinding, weightOf } from './finding.ts';
import { liesIn, parentOf } from './path.ts';
import type { Proposal } from './proposal.ts';

/** What an entry of `servers:` captures, with absolute paths. */
export interface CapturedServer {
  /** Of components of files. */
  readonly places: readonly { readonly component: string; readonly path: string }[];
  readonly databases: readonly {
    readonly component: string;
    readonly engine: Engine;
    readonly files: readonly string[];
  }[];
}

/** Engines that are the same thing to whoever asks for one. */
const sameEngine = (left: Engine, right: Engine): boolean =>
  left === right || (['mariadb', 'mysql'].includes(left) && ['mariadb', 'mysql'].includes(right));

/** What the preset of the stack finds, and the entry does not have. */
const notInEntry = ({ places, databases }: CapturedServer, proposal: Proposal): readonly PresetFinding[] => {
  const paths = [...places.map(({ path }) => path), ...databases.flatMap(({ files }) => files)];
  const isCaptured = (path: string): boolean => paths.some((captured) => liesIn(path, captured));
  const forgotten = proposal.places
    .filter(({ role, path }) => role !== 'extra' && !isCaptured(path))
    .map(({ role, path }) => ({ code: 'forgotten', role, path }) as const);
  const unasked = proposal.databases
    .filter(({ engine }) => engine !== 'sqlite' && !databases.some((one) => sameEngine(one.engine, engine)))
    .map(({ engine, where }) => ({ code: 'forgotten-database', engine, where }) as const);
  const extra = proposal.findings.flatMap((finding): readonly PresetFinding[] =>
    finding.code === 'volume-unclaimed' && !isCaptured(finding.path) ? [finding] : [],
  );
  // Of folders within one another the outermost says it all.
  const outermost = forgotten.filter(
    ({ path }) => !forgotten.some((other) => other.path !== path && liesIn(path, other.path)),
  );
  return [...outermost, ...unasked, ...extra];
};

/** What only the running server knows, and matters whatever the entry says. */
const toldAnew = [
  'dkim-missing',
  'mail-key-missing',
  'mail-key-unknown',
  'not-maildir',
  'ldap-uncaptured',
  'volume-driver',
];

const engines: readonly (readonly [string, (names: readonly string[]) => boolean])[] = [
  ['MariaDB', (names) => names.includes('ibdata1')],
  ['PostgreSQL', (names) => names.includes('PG_VERSION') && names.includes('base')],
];

const mostDepth = 3;
const mostNames = 200;

/** The folder of a database that is captured as files, which while its server runs are of no use. */
const liveDatabase = async (
  machine: Machine,
  path: string,
  depth = 0,
): Promise<{ readonly path: string; readonly engine: string } | undefined> => {
  const names = (await machine.namesIn(path)) ?? [];
  const engine = engines.find(([, fits]) => fits(names))?.[0];
  if (engine !== undefined) return { path, engine };
  if (depth >= mostDepth || names.includes('cur')) return undefined;
  for (const name of names.slice(0, mostNames)) {
    const child = `${path === '/' ? '' : path}/${name}`;
    if ((await machine.placeAt(child)) !== 'folder') continue;
    const found = await liveDatabase(machine, child, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** Certificates without the account that renews them, or without what the links of `live` lead to. */
const partialTree = async (
  machine: Machine,
  path: string,
  { places }: CapturedServer,
): Promise<PresetFinding | undefined> => {
  if (!isLiveAlone(path)) return undefined;
  const tree = path.endsWith('/live') ? parentOf(path) : parentOf(parentOf(path));
  const parts = (await partsOfTree(machine, tree)) ?? treeParts;
  const missing = parts.filter(
    (part) => part !== 'live' && !places.some((place) => liesIn(`${tree}/${part}`, place.path)),
  );
  return missing.length === 0 ? undefined : { code: 'certificates-partial', path, missing };
};

/** What an entry of `servers:` lacks or has wrongly, as far as the machine tells; `proposal`: of the stack that it is, if it is a known one. */
export const forgottenOf = async (
  machine: Machine,
  server: CapturedServer,
  proposal: Proposal | undefined,
): Promise<readonly PresetFinding[]> => {
  const findings: PresetFinding[] = [];
  if (proposal !== undefined) {
    findings.push(...notInEntry(server, proposal));
    const hasLdap = proposal.places.some(
      ({ component, path }) => component === 'ldap' && server.places.some((place) => liesIn(path, place.path)),
    );
    const isOpen = ({ code }: PresetFinding): boolean =>
      toldAnew.includes(code) && !(hasLdap && code === 'ldap-uncaptured');
    findings.push(...proposal.findings.filter(isOpen));
  }
  for (const { component, path } of server.places) {
    const live = await liveDatabase(machine, path);
    if (live !== undefined) findings.push({ code: 'live-database-files', component, ...live });
    const partial = await partialTree(machine, path, server);
    if (partial !== undefined) findings.push(partial);
  }
  return findings.filter((finding) => !['found', 'note'].includes(weightOf(finding)));
};
