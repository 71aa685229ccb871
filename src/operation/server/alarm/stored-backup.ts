import type { FolderDifference, ListedEntry } from '../../../contract/component.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { Base, BaseEntry } from '../../../contract/source.ts';
import { type ByteString, byteStringOfText, displayText } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import type { JudgedBackup, JudgedStore } from './judged-pair.ts';

/** A snapshot of a server, or what will be one. */
export interface StoredBackup extends JudgedBackup {
  readonly base: Base;
  /** The folder at its root in which the components lie. */
  readonly folder: ByteString;
}

export interface StoredPlace {
  readonly base: Base;
  /** Of the server. */
  readonly name: string;
}

type Forms = ReadonlyMap<string, JudgedBackup['components'][number]['form']>;

/** `forms`: of the components that are known; others are left out. */
export const storedBackup = async ({ base, name }: StoredPlace, forms: Forms, run: Run): Promise<StoredBackup> => {
  const folder = byteStringOfText(name);
  const components: JudgedBackup['components'][number][] = [];
  for await (const page of listed(base, [folder], run)) {
    for (const { entry } of page) {
      const component = displayText(entry.name);
      const form = forms.get(component);
      if (entry.type === 'directory' && form !== undefined) components.push({ name: component, form });
    }
  }
  return { base, folder, started: Number(base.scannedAt / 1_000_000n), components };
};

/**
 * What lies in a folder that is there. A base with damage passes for one that has less, which here would make of all mail that it had mail
 * that is new. Fault `blob-missing`.
 */
async function* listed(base: Base, path: Path, run: Run): AsyncGenerator<readonly BaseEntry[], void> {
  let isEmpty = true;
  for await (const page of base.children(path, run)) {
    isEmpty &&= page.length === 0;
    yield page;
  }
  if (!isEmpty) return;
  const directory = await base.directory(path, run);
  if (directory !== undefined && (await directory.held(run))) return;
  const where = path.map((name) => displayText(name)).join('/');
  throw new Fault('blob-missing', `the folder /${where} of a snapshot is damaged or lost`, {
    hint: '`mailkeep check` shows what is lost.',
  });
}

/** Snapshots, as they are compared. */
export const storedBackups: JudgedStore<StoredBackup> = {
  open: async ({ base, folder }) => ({
    children: (path, run) => base.children([folder, ...path], run),
    contents: (entries, run) => base.contents(entries, run),
    close: async () => {},
  }),
  differences: storedDifferences,
};

/** Whether a folder is wanted. */
type IsWanted = (path: Path) => boolean;

async function* storedDifferences(
  { older, newer }: { readonly older: StoredBackup; readonly newer: StoredBackup },
  isWanted: IsWanted,
  run: Run,
): AsyncGenerator<FolderDifference> {
  for (const { name, form } of newer.components) {
    const isThere = older.components.some((one) => one.name === name);
    if (form !== 'tree' || !isThere) continue;
    for await (const difference of folderDifferences({ older, newer }, [byteStringOfText(name)], isWanted, run)) {
      yield { component: name, ...difference };
    }
  }
}

interface Sides {
  /** Undefined: the folder is not there. */
  readonly older: StoredBackup | undefined;
  readonly newer: StoredBackup | undefined;
}

type Difference = Omit<FolderDifference, 'component'>;

/** A folder and those below it. What has the same tree on both sides is only counted. */
async function* folderDifferences(
  sides: Sides,
  place: Path,
  isWanted: IsWanted,
  run: Run,
): AsyncGenerator<Difference, void> {
  throwIfInterrupted(run);
  const path = place.slice(1);
  const before = await childrenOf(sides.older, place, run);
  const now = sides.older === sides.newer ? before : await childrenOf(sides.newer, place, run);
  if (isWanted(path)) yield { path, ...differenceOf(sides, before, now) };
  const folders = new Set([...before.folders.keys(), ...now.folders.keys()]);
  for (const name of folders) {
    const below = [...place, name];
    const found = sidesBelow(sides, before.folders.get(name), now.folders.get(name));
    const same = found.older === found.newer ? found.newer : undefined;
    const counted = same !== undefined && isWanted(below.slice(1)) ? await countIn(same, below, run) : undefined;
    if (counted === undefined) yield* folderDifferences(found, below, isWanted, run);
    else yield { path: below.slice(1), before: counted, now: counted, gone: [], came: [] };
  }
}

/** On both sides the same object, when both have the same there. */
const sidesBelow = ({ older, newer }: Sides, before: BaseEntry | undefined, now: BaseEntry | undefined): Sides => {
  const [left, right] = [before === undefined ? undefined : older, now === undefined ? undefined : newer];
  if (left === undefined || right === undefined || before === undefined || now === undefined) {
    return { older: left, newer: right };
  }
  const version = right.base.versionOf?.(now);
  const isSame = version !== undefined && version === left.base.versionOf?.(before);
  return isSame ? { older: right, newer: right } : { older: left, newer: right };
};

const countIn = async ({ base, folder }: StoredBackup, place: Path, run: Run): Promise<number | undefined> => {
  const directory = await base.directory([folder, ...place], run);
  return directory === undefined ? undefined : (await directory.counts(run)).files;
};

interface Children {
  readonly files: ReadonlyMap<ByteString, BaseEntry>;
  readonly folders: ReadonlyMap<ByteString, BaseEntry>;
}

const childrenOf = async (side: StoredBackup | undefined, place: Path, run: Run): Promise<Children> => {
  const files = new Map<ByteString, BaseEntry>();
  const folders = new Map<ByteString, BaseEntry>();
  if (side === undefined) return { files, folders };
  for await (const page of listed(side.base, [side.folder, ...place], run)) {
    for (const child of page) {
      const { name, type } = child.entry;
      if (type === 'directory') folders.set(name, child);
      else if (type === 'file') files.set(name, child);
    }
  }
  return { files, folders };
};

const differenceOf = (
  sides: Sides,
  { files: before }: Children,
  { files: now }: Children,
): Omit<Difference, 'path'> => {
  const isSame = sides.older === sides.newer;
  return {
    before: before.size,
    now: now.size,
    gone: isSame ? [] : missingIn([sides.newer, now], [sides.older, before]),
    came: isSame ? [] : missingIn([sides.older, before], [sides.newer, now]),
  };
};

type Side = readonly [StoredBackup | undefined, ReadonlyMap<ByteString, BaseEntry>];

/** What of a side is not on the other with the same bytes. */
const missingIn = ([otherSide, others]: Side, [side, all]: Side): readonly ListedEntry[] => {
  const versionIn = (backup: StoredBackup | undefined, entry: BaseEntry): string =>
    backup?.base.versionOf?.(entry) ?? '';
  return [...all].flatMap(([name, entry]) => {
    const version = versionIn(side, entry);
    const other = others.get(name);
    return other !== undefined && versionIn(otherSide, other) === version ? [] : [{ ...entry, sha256: version }];
  });
};
