import type { BigIntStats } from 'node:fs';
import type { ByteString } from '../../model/byte-string.ts';
import type { Entry, Path } from '../../model/entry.ts';
import { isFault } from '../../model/fault.ts';
import { lookAt } from './target-decision.ts';
import type { PendingFile, RestoreContext } from './restore-dispatch.ts';
import { childPath, joinedPath } from './target-name.ts';
import type { FileIdentity } from './writer-job.ts';

/** A name that others may be linked to, and which file it was when we wrote it or found it equal. */
export interface FirstName {
  readonly directory: Path;
  readonly name: ByteString;
  readonly identity: FileIdentity;
  /** How many names it may have; undefined for a file that we wrote ourselves. */
  readonly names: bigint | undefined;
}

/** The names of one file, as far as they are known. */
export interface LinkGroup {
  /** Written by this run. */
  written: FirstName | undefined;
  /** Was there, equal. */
  left: FirstName | undefined;
  /** Some name stays what it was, so that a name written anew is not linked with it. */
  apart: boolean;
}

export const createLinkGroup = (): LinkGroup => ({ written: undefined, left: undefined, apart: false });

export const firstNameOf = ({ written, left }: LinkGroup): FirstName | undefined => written ?? left;

/** The file with a note to the group: when it is written whole, other names are linked to it. */
export const leadingFile = (file: PendingFile, group: LinkGroup): PendingFile => ({
  ...file,
  written: (identity) => {
    group.written = { directory: file.directory, name: file.entry.name, identity, names: undefined };
  },
});

/**
 * A name that the plan leaves. With `never` it may be anything and nothing is linked to it; else it was found equal, and
 * each of its names that we know of is counted.
 */
export const noteLeft = (
  group: LinkGroup,
  { directory, name }: { readonly directory: Path; readonly name: ByteString },
  context: RestoreContext,
): void => {
  group.apart = true;
  if (context.alwaysTemporary) return;
  const there = lookAtIfPossible(childPath(context.root, childPath(joinedPath(directory), name)));
  if (there === undefined) return;
  const { left } = group;
  if (left === undefined)
    group.left = { directory, name, identity: { device: there.dev, inode: there.ino }, names: 1n };
  else if (left.identity.device === there.dev && left.identity.inode === there.ino)
    group.left = { ...left, names: (left.names ?? 0n) + 1n };
};

/** What cannot be looked at is not linked to; it stays as it is, which is no failure. */
const lookAtIfPossible = (place: ByteString): BigIntStats | undefined => {
  try {
    return lookAt(place);
  } catch (error) {
    if (isFault(error)) return undefined;
    throw error;
  }
};

/** Links that we make ourselves are names that we know of. */
export const noteLinked = (group: LinkGroup): void => {
  if (group.written === undefined && group.left?.names !== undefined)
    group.left = { ...group.left, names: group.left.names + 1n };
};

/** Whether what has the first name now may be linked to: a file with names unknown to us may lie outside the target. */
export const isStillFirst = (there: BigIntStats, { identity, names }: FirstName, entry: Entry): boolean => {
  if (!there.isFile() || there.ino !== identity.inode || there.dev !== identity.device) return false;
  return names === undefined || (there.nlink === names && there.size === BigInt(entry.size));
};
