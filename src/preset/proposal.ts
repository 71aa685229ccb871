import type { Machine } from '../contract/machine.ts';
import type { Engine, PresetFinding, PresetName, Role } from './finding.ts';
import { fromRoot, lastName, parentOf } from './path.ts';

/** A component as it stands in the configuration. */
export type ProposedComponent =
  | {
      readonly kind: 'files';
      readonly folders: Readonly<Record<string, string>>;
      readonly files: readonly string[];
      readonly exclude?: readonly string[];
      readonly form?: 'tree' | 'archive';
    }
  | { readonly kind: 'database'; readonly setting: Readonly<Record<string, unknown>> & { readonly database: Engine } };

/** A path of the machine and the component that has it. */
export interface ProposedPlace {
  readonly component: string;
  readonly role: Role;
  readonly path: string;
}

/** What a preset answers. */
export interface Proposal {
  readonly preset: PresetName;
  /** Where relative paths of the entry begin. */
  readonly root: string;
  readonly components: ReadonlyMap<string, ProposedComponent>;
  readonly places: readonly ProposedPlace[];
  readonly databases: readonly { readonly component: string; readonly engine: Engine; readonly where: string }[];
  readonly findings: readonly PresetFinding[];
  /** The compose file whose services a restore stops; undefined where none could be stopped by one. */
  readonly composeFile: string | undefined;
}

/** A proposal that is being made. */
export interface Draft {
  readonly machine: Machine;
  readonly root: string;
  readonly components: Map<string, ProposedComponent>;
  readonly places: ProposedPlace[];
  readonly databases: { readonly component: string; readonly engine: Engine; readonly where: string }[];
  readonly findings: PresetFinding[];
  composeFile?: string;
  tell(finding: PresetFinding): void;
}

export const newDraft = (machine: Machine, root: string): Draft => {
  const findings: PresetFinding[] = [];
  return {
    machine,
    root,
    components: new Map(),
    places: [],
    databases: [],
    findings,
    tell: (finding) => void findings.push(finding),
  };
};

/** What is to be captured of a path. */
export interface Wanted {
  readonly component: string;
  readonly role: Role;
  readonly path: string;
  /** Its name in the backup, for a folder; default: its own. */
  readonly name?: string;
  /**
   * When it is not there: `must` keeps it in the entry all the same, so that each night says so; `should` leaves it out and tells;
   * `may` leaves it out.
   */
  readonly need: 'must' | 'should' | 'may';
  /** Of the component, where its name does not say it. */
  readonly form?: 'tree' | 'archive';
  readonly exclude?: readonly string[];
}

/** A name that the component has not yet: `keys`, `keys-2`, … */
const freeName = (name: string, taken: readonly string[]): string => {
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${name}-${number}`;
    if (!taken.includes(free)) return free;
  }
};

/** A component beside another, for a file whose name that has already: named by the file's folder. */
const besideOf = (component: string, path: string): string =>
  `${component}-${lastName(parentOf(path)).replace(/[^\w+-]/g, '') || 'more'}`;

/** Resolves to the component that has it: a single file keeps its name, and goes into another where that is taken. */
const put = (draft: Draft, wanted: Wanted, kind: 'file' | 'folder'): string => {
  const { component, path, name, form, exclude } = wanted;
  const before = draft.components.get(component);
  const files = before?.kind === 'files' ? before : { kind: 'files' as const, folders: {}, files: [] };
  const taken = [...Object.keys(files.folders), ...files.files.map(lastName)];
  if (kind === 'file' && taken.includes(lastName(path))) {
    return put(draft, { ...wanted, component: besideOf(component, path), form: form ?? 'archive' }, kind);
  }
  const written = fromRoot(path, draft.root);
  const excluded = [...(files.exclude ?? []), ...(exclude ?? [])];
  draft.components.set(component, {
    ...files,
    ...(kind === 'file'
      ? { files: [...files.files, written] }
      : { folders: { ...files.folders, [freeName(name ?? lastName(path), taken)]: written } }),
    ...(excluded.length === 0 ? {} : { exclude: excluded }),
    ...(form === undefined ? {} : { form }),
  });
  return component;
};

/** A path is captured once: the configuration takes none twice. */
const isKnown = (draft: Draft, path: string): boolean => draft.places.some((place) => place.path === path);

/** Looks whether it is there, and takes it into the draft. Resolves to what it is. */
export const want = async (draft: Draft, wanted: Wanted): Promise<'file' | 'folder' | 'missing' | 'closed'> => {
  const { role, path, need } = wanted;
  const place = await draft.machine.placeAt(path);
  if (isKnown(draft, path)) return place;
  if (place === 'missing' && need !== 'must') {
    if (need === 'should')
      draft.tell(role === 'mail' ? { code: 'mail-missing', path } : { code: 'not-there', role, path });
    return place;
  }
  if (place === 'closed') draft.tell({ code: 'closed', path });
  if (place === 'missing' && role === 'mail') draft.tell({ code: 'mail-missing', path });
  const looksLikeFile = /\.(?:pem|key|crt|conf|cf|txt|ya?ml|env|sqlite|db)$|\/\.env$|\/\.my\.cnf$/.test(path);
  const component = put(draft, wanted, place === 'file' || (place !== 'folder' && looksLikeFile) ? 'file' : 'folder');
  draft.places.push({ component, role, path });
  return place;
};

/** All of them, one after another. */
export const wantAll = async (draft: Draft, all: readonly Wanted[]): Promise<void> => {
  for (const wanted of all) await want(draft, wanted);
};

/** Takes a database into the draft. `where`: for people; empty for this machine itself. */
export const putDatabase = (
  draft: Draft,
  component: string,
  setting: Readonly<Record<string, unknown>> & { readonly database: Engine },
  where: string,
): void => {
  draft.components.set(component, { kind: 'database', setting });
  draft.databases.push({ component, engine: setting.database, where });
  draft.tell({ code: 'database', component, engine: setting.database, where });
};

/** The order in which a night captures: what is worth most first. Others follow in their own order. */
const order = ['mail', 'keys', 'mysql', 'postgres', 'sqlite', 'redis', 'ldap', 'config', 'ssl', 'dkim'];

const rank = (component: string): number => {
  const at = order.indexOf(component);
  return at < 0 ? (component === 'logs' ? order.length + 1 : order.length) : at;
};

/** The finished proposal; tells of each component of files what it has. */
export const finished = (draft: Draft, preset: PresetName): Proposal => {
  const entries = [...draft.components].sort(([left], [right]) => rank(left) - rank(right));
  const places = entries.flatMap(([component, { kind }]): readonly PresetFinding[] =>
    kind === 'files'
      ? [
          {
            code: 'places',
            component,
            paths: draft.places.flatMap((at) => (at.component === component ? [at.path] : [])),
          },
        ]
      : [],
  );
  const isTold = draft.findings.some(({ code }) => code === 'mail-missing' || code === 'service-missing');
  if (!draft.components.has('mail') && !isTold) draft.tell({ code: 'mail-missing', path: draft.root });
  const [first, ...others] = draft.findings;
  return {
    preset,
    root: draft.root,
    components: new Map(entries),
    places: draft.places,
    databases: draft.databases,
    composeFile: draft.composeFile,
    findings: [...(first === undefined ? [] : [first]), ...places, ...others],
  };
};

/** The component as it is written into a configuration. */
export const entryOf = (component: ProposedComponent): Readonly<Record<string, unknown>> => {
  if (component.kind === 'database') return component.setting;
  const { folders, files, exclude, form } = component;
  return {
    ...(Object.keys(folders).length === 0 ? {} : { folders }),
    ...(files.length === 0 ? {} : { files }),
    ...(exclude === undefined ? {} : { exclude }),
    ...(form === undefined ? {} : { form }),
  };
};
