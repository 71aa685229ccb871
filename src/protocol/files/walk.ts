import type { BigIntStats } from 'node:fs';
import { throwIfInterrupted } from '../../contract/run.ts';
import type { BaseDirectory, CapturedDirectory, Child } from '../../contract/source.ts';
import { type ByteString, displayText } from '../../model/byte-string.ts';
import type { Metadata, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { errnoCode } from '../../system/errno.ts';
import { createBaseCursor } from './base-cursor.ts';
import { type CaptureContext, childFile, nextTurn, pageSize } from './capture-context.ts';
import { readDirectoryNames } from './directory-names.ts';
import { typeOf, unreadable } from './local-metadata.ts';
import { childOf } from './sameness.ts';
import type { PathNode } from './path-tree.ts';

/** A directory on its way into the tree. */
export interface Place {
  readonly path: Path;
  /** Undefined where the node only leads to targets elsewhere. */
  readonly file: ByteString | undefined;
  readonly metadata: Metadata | undefined;
  /** What was named as a target here or below. */
  readonly node: PathNode | undefined;
  /** The only file system to stay on. */
  readonly device: bigint | undefined;
}

/** What became of a name that was looked at before its parent is listed; undefined: it is left out. */
export type Outcome = 'directory' | Fault | undefined;

/** Names and what is known of them already, ready to be listed. */
export interface Listed {
  readonly names: readonly ByteString[];
  readonly outcomes: ReadonlyMap<ByteString, Outcome>;
  fileOf(name: ByteString): ByteString;
  /** Named by the person, so no filter applies. */
  isTarget(name: ByteString): boolean;
}

/** Walks everything at and below a place, children first. Gives what the parent is to say of it. */
export async function* walk(context: CaptureContext, place: Place): AsyncGenerator<CapturedDirectory, Outcome> {
  throwIfInterrupted(context.run);
  const { file, node, path } = place;
  let read: ReturnType<typeof readDirectoryNames> = { names: [], directories: new Set() };
  try {
    if (file !== undefined) read = readDirectoryNames(file);
  } catch (error) {
    if (file === undefined || (errnoCode(error) === 'ENOENT' && node === undefined)) return undefined;
    yield await carried(context, place, unreadable(error, file, 'list'));
    return 'directory';
  }
  const names = [...new Set([...read.names, ...(node?.children.keys() ?? [])])].sort();
  const outcomes = new Map<ByteString, Outcome>();
  const listed: Listed = {
    names,
    outcomes,
    fileOf: (name) => {
      const child = node?.children.get(name);
      return child?.path ?? child?.way ?? childFile(file ?? name, name);
    },
    isTarget: (name) => node?.children.has(name) ?? false,
  };
  for (const name of names) {
    if (!read.directories.has(name) && !listed.isTarget(name)) continue;
    const outcome = yield* walkChild(context, place, listed, name);
    if (outcome !== 'no directory') outcomes.set(name, outcome);
  }
  yield {
    path,
    metadata: place.metadata,
    listing: { kind: 'listed', pages: listPages(context, place, listed) },
  };
  return 'directory';
}

export const carried = async (context: CaptureContext, place: Place, fault: Fault): Promise<CapturedDirectory> => {
  const base: BaseDirectory | undefined = await context.base?.directory(place.path, context.run);
  return { path: place.path, metadata: place.metadata, listing: { kind: 'carried', base, fault } };
};

async function* walkChild(
  context: CaptureContext,
  place: Place,
  listed: Listed,
  name: ByteString,
): AsyncGenerator<CapturedDirectory, Outcome | 'no directory'> {
  const child = place.node?.children.get(name);
  const file = listed.fileOf(name);
  const looked = lookAt(context, file, child);
  if (looked === undefined || looked instanceof Fault) return looked;
  const { stats, metadata } = looked;
  if (typeOf(stats) !== 'directory') return 'no directory';
  if (child === undefined && context.filter?.(file, metadata) === false) return undefined;
  const path = [...place.path, name];
  if (child === undefined && isElsewhere(place, stats)) {
    // The mount point is kept, so that a restored tree has where to mount.
    yield { path, metadata, listing: { kind: 'listed', pages: noPages() } };
    return 'directory';
  }
  const isWay = child !== undefined && child.path === undefined;
  const device = child === undefined ? place.device : context.oneFileSystem && !isWay ? stats.dev : undefined;
  return yield* walk(context, { path, file: isWay ? undefined : file, metadata, node: child, device });
}

const isElsewhere = (place: Place, stats: BigIntStats): boolean =>
  place.device !== undefined && stats.dev !== place.device;

interface Looked {
  readonly stats: BigIntStats;
  readonly metadata: Metadata;
}

/** Undefined: it is gone. A target that is gone is a Fault: an unmounted disk must not look like a deletion. */
const lookAt = (
  context: CaptureContext,
  file: ByteString,
  target: PathNode | undefined,
): Looked | Fault | undefined => {
  const isWay = target !== undefined && target.path === undefined;
  try {
    const stats = context.reader.stats(file, isWay ? 'follow' : undefined);
    if (stats !== undefined) {
      if (!isWay || typeOf(stats) === 'directory') return { stats, metadata: context.reader.describe(file, stats) };
      return new Fault('source-missing', `${displayText(file)} is not a folder`, {
        context: { path: displayText(file) },
      });
    }
  } catch (error) {
    return target === undefined && errnoCode(error) === 'ENOENT' ? undefined : unreadable(error, file);
  }
  return target === undefined ? undefined : missingTarget(file);
};

export const missingTarget = (file: ByteString): Fault =>
  new Fault('source-missing', `${displayText(file)} is not there`, {
    hint: 'Look whether the path is right and its file system is mounted.',
    context: { path: displayText(file) },
  });

export async function* noPages(): AsyncGenerator<readonly Child[]> {}

/** The children of a directory whose subdirectories were walked. */
async function* listPages(context: CaptureContext, place: Place, listed: Listed): AsyncGenerator<readonly Child[]> {
  const cursor = createBaseCursor(context.base, place.path, context.run);
  try {
    let page: Child[] = [];
    for (const name of listed.names) {
      const answer = cursor.find(name);
      const base = answer instanceof Promise ? await answer : answer;
      if (listed.outcomes.has(name)) {
        const outcome = listed.outcomes.get(name);
        if (outcome === 'directory') page.push({ kind: 'directory', name });
        else if (outcome !== undefined) page.push({ kind: 'carried', name, base, fault: outcome });
      } else {
        const child = listEntry(context, place, { listed, name });
        if (child instanceof Fault) page.push({ kind: 'carried', name, base, fault: child });
        else if (child !== undefined) page.push(childOf({ name, ...child }, listed.fileOf(name), base));
      }
      if (page.length < pageSize) continue;
      yield page;
      page = [];
      await nextTurn();
      throwIfInterrupted(context.run);
    }
    if (page.length > 0) yield page;
  } finally {
    await cursor.close();
  }
}

/** Undefined: gone or left out. */
const listEntry = (
  context: CaptureContext,
  place: Place,
  { listed, name }: { readonly listed: Listed; readonly name: ByteString },
): Metadata | Fault | undefined => {
  const file = listed.fileOf(name);
  const looked = lookAt(context, file, place.node?.children.get(name));
  if (looked === undefined || looked instanceof Fault) return looked;
  const { stats, metadata } = looked;
  if (!listed.isTarget(name)) {
    if (isElsewhere(place, stats)) return undefined;
    if (context.filter?.(file, metadata) === false) return undefined;
  }
  return capturable(context, file, metadata);
};

/** What can stand in a listing as it is; undefined for what no snapshot keeps. */
export const capturable = (
  context: CaptureContext,
  file: ByteString,
  metadata: Metadata,
): Metadata | Fault | undefined => {
  const where = { context: { path: displayText(file) } };
  switch (metadata.type) {
    case 'socket':
      // As in restic: nothing could be done with it after a restore.
      context.leftOut.sockets++;
      return undefined;
    case 'directory':
      return new Fault('scan-unsettled', `${displayText(file)} became a folder while it was looked at`, {
        retry: true,
        ...where,
      });
    case 'irregular':
      return new Fault('entry-unsupported', `${displayText(file)} is of a kind that cannot be kept`, where);
    case 'file':
    case 'symlink':
    case 'fifo':
    case 'block-device':
    case 'character-device':
      return metadata;
  }
};
