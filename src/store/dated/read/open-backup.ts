import { createBaseCursor } from '../../../contract/base-cursor.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import type { Base, BaseDirectory, BaseEntry, CapturedDirectory, Child, Source } from '../../../contract/source.ts';
import {
  byteStringOfLatin1,
  byteStringOfText,
  type ByteString,
  compareBytes,
  displayText,
} from '../../../model/byte-string.ts';
import { addCounts, type Metadata, noCounts, type Path } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import { hasNotChanged } from '../../../model/unchanged.ts';
import { isDirectoryLine, nameOfLine, parseEntryLine } from '../manifest/entry-line.ts';
import type { ManifestFolder } from '../manifest/folder-line.ts';
import { createManifestBase, isDatedReference } from '../manifest/manifest-base.ts';
import { type Manifest, openManifest } from '../manifest/manifest-reader.ts';
import type { BackupDescription, DescribedComponent } from '../disk/backup-file.ts';
import { createDeliveryMemory, readStored } from './read-stored.ts';
import { isStoredContent, type StoredContent, storedContent } from './stored-content.ts';
import { createUnpackedReader } from './unpacked-file.ts';

interface OpenComponent {
  readonly described: DescribedComponent;
  readonly name: ByteString;
  /** Absolute. */
  readonly root: ByteString;
  readonly manifest: Manifest;
  readonly base: Base;
  /** Of its folder, which no source has said anything of. */
  readonly metadata: Metadata;
}

export interface OpenedBackup {
  /** Absolute. */
  readonly folder: string;
  readonly description: BackupDescription;
  /** The folder in it that is the root of the source, a component's or one below; by default all of it. */
  readonly at?: Path;
}

/**
 * A published backup as a source, and as a base. The root has a folder for each component; bytes are logical. Fault
 * `path-missing` when what is asked for is not there.
 */
export const openBackup = ({ folder, description, at = [] }: OpenedBackup, run: Run): Source & Base => {
  const reading = { unpacked: createUnpackedReader(run), memory: createDeliveryMemory() };
  const wanted = at[0];
  const components = description.components
    .filter(({ name }) => wanted === undefined || byteStringOfText(name) === wanted)
    .map((described) =>
      openComponent({ folder, described, reader: (contents, of) => readStored(contents, reading, of) }),
    )
    .sort((left, right) => compareBytes(left.name, right.name));
  requireFolder(components, at, folder);
  const find = (name: ByteString | undefined): OpenComponent | undefined =>
    components.find((component) => component.name === name);
  return {
    description: folder,
    scannedAt: BigInt(description.started) * 1_000_000n,
    capture: (base, captureRun) => captureBackup(components, at, base, captureRun),
    read: (requests, _pieces, readRun) =>
      readStored(
        requests.map(({ content }) => contentOfKey(content.kind === 'delivered' ? content.key : undefined)),
        reading,
        readRun,
      ),
    digests: async (requests) =>
      requests.map(({ content }) => contentOfKey(content.kind === 'delivered' ? content.key : undefined).sha256),
    relocate: async () => undefined,
    directory: async (path, directoryRun) => {
      const [name, ...below] = [...at, ...path];
      return name === undefined ? rootDirectory(components) : directoryIn(find(name), { path, below }, directoryRun);
    },
    children: async function* (path, childrenRun) {
      const [name, ...below] = [...at, ...path];
      if (name === undefined) yield components.map(componentEntry);
      else yield* find(name)?.base.children(below, childrenRun) ?? noPages();
    },
    contents: (entries, contentsRun) => readStored(entries.map(contentOfEntry), reading, contentsRun),
    close: async () => {
      await reading.unpacked.close();
      for (const { manifest } of components) manifest.close();
    },
  };
};

const requireFolder = (components: readonly OpenComponent[], [name, ...path]: Path, folder: string): void => {
  if (name === undefined || components[0]?.manifest.folder(path) !== undefined) return;
  const wanted = [name, ...path].map(displayText).join('/');
  throw new Fault('path-missing', `there is no folder ${wanted} in the backup ${folder}`, {
    context: { path: wanted },
  });
};

interface Opening {
  /** Of the backup, absolute. */
  readonly folder: string;
  readonly described: DescribedComponent;
  readonly reader: (contents: readonly StoredContent[], run: Run) => ReturnType<typeof readStored>;
}

const openComponent = ({ folder: given, described, reader }: Opening): OpenComponent => {
  const folder = byteStringOfText(given);
  const name = byteStringOfText(described.name);
  const root = byteStringOfLatin1(`${folder}/${name}`);
  const manifest = openManifest(folder, described.name);
  const place = { form: described.form, root };
  const scannedAt = BigInt(described.scannedAt);
  const base = createManifestBase({
    manifest,
    place,
    scannedAt,
    trusted: described.unreadable === 0,
    lost: new Set(),
    contents: (entries, run) => reader(entries.map(contentOfEntry), run),
  });
  return { described, name, root, manifest, base, metadata: folderMetadata(scannedAt, manifest.folder([])?.metadata) };
};

const foreign = (): Fault => new Fault('internal', 'a dated backup was asked for a content that is not its own');

const contentOfKey = (key: unknown): StoredContent => {
  if (isStoredContent(key)) return key;
  throw foreign();
};

const contentOfEntry = ({ entry, reference }: BaseEntry): StoredContent => {
  if (!isDatedReference(reference)) throw foreign();
  return storedContent(reference.place, reference.path, { entry, ...reference });
};

const folderMetadata = (time: bigint, own: Metadata | undefined): Metadata =>
  own ?? {
    type: 'directory',
    mode: 0o700,
    mtime: time,
    atime: time,
    ctime: time,
    uid: 0,
    gid: 0,
    user: 'root',
    group: 'root',
    inode: 0n,
    deviceId: 0n,
    size: 0,
    links: 0,
  };

const rootDirectory = (components: readonly OpenComponent[]): BaseDirectory => ({
  path: [],
  metadata: undefined,
  settled: false,
  held: async () => true,
  counts: async () =>
    components
      .map(({ manifest }) => addCounts(manifest.folder([])?.counts ?? noCounts, { ...noCounts, directories: 1 }))
      .reduce(addCounts, noCounts),
});

const directoryIn = async (
  component: OpenComponent | undefined,
  { path, below }: { readonly path: Path; readonly below: Path },
  run: Run,
): Promise<BaseDirectory | undefined> => {
  const found = await component?.base.directory(below, run);
  if (component === undefined || found === undefined) return undefined;
  return { ...found, path, metadata: below.length === 0 ? component.metadata : found.metadata };
};

const componentEntry = ({ name, metadata }: OpenComponent): BaseEntry => ({
  entry: { ...metadata, name },
  held: true,
  reference: undefined,
});

async function* noPages(): AsyncGenerator<never> {}

/** Walks all components, or what lies below a folder. What the base of the other store has unchanged is not delivered again. */
async function* captureBackup(
  components: readonly OpenComponent[],
  at: Path,
  base: Base | undefined,
  run: Run,
): AsyncGenerator<CapturedDirectory, void> {
  for (const component of components) {
    for (const folder of component.manifest.subtree(at.slice(1))) {
      throwIfInterrupted(run);
      const path = [component.name, ...folder.path].slice(at.length);
      const own = folder.path.length === 0 ? component.metadata : folder.metadata;
      const pages = childPages({ component, folder, path }, base, run);
      yield { path, metadata: path.length === 0 ? undefined : own, listing: { kind: 'listed', pages } };
    }
  }
  if (at.length > 0) return;
  yield { path: [], metadata: undefined, listing: { kind: 'listed', pages: rootPages(components) } };
}

async function* rootPages(components: readonly OpenComponent[]): AsyncGenerator<readonly Child[]> {
  if (components.length > 0) yield components.map(({ name }): Child => ({ kind: 'directory', name }));
}

async function* childPages(
  {
    component,
    folder,
    path,
  }: { readonly component: OpenComponent; readonly folder: ManifestFolder; readonly path: Path },
  base: Base | undefined,
  run: Run,
): AsyncGenerator<readonly Child[]> {
  const cursor = createBaseCursor(base, path, run);
  try {
    for await (const lines of component.manifest.lines(folder, run)) {
      const page: Child[] = [];
      for (const line of lines) {
        const answer = cursor.find(nameOfLine(line));
        page.push(childOfLine({ component, folder, line }, answer instanceof Promise ? await answer : answer));
      }
      yield page;
    }
  } finally {
    await cursor.close();
  }
}

const childOfLine = (
  {
    component,
    folder,
    line,
  }: { readonly component: OpenComponent; readonly folder: ManifestFolder; readonly line: string },
  before: BaseEntry | undefined,
): Child => {
  if (isDirectoryLine(line)) return { kind: 'directory', name: nameOfLine(line) };
  const stored = parseEntryLine(line);
  const { entry } = stored;
  if (before?.held === true && hasNotChanged(entry, before.entry)) {
    return { kind: 'same', entry, base: before, action: 'unchanged' };
  }
  const { described, root } = component;
  const content =
    entry.type === 'file'
      ? ({ kind: 'delivered', key: storedContent({ form: described.form, root }, folder.path, stored) } as const)
      : ({ kind: 'none' } as const);
  return { kind: 'fresh', entry, content, action: before === undefined ? 'new' : 'changed' };
};
