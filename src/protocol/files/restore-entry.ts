import { fchmodSync, fstatSync } from 'node:fs';
import type { ByteString } from '../../model/byte-string.ts';
import type { Metadata, Path } from '../../model/entry.ts';
import { asFault } from '../../model/fault.ts';
import { errnoCode, errnoFault } from '../../system/errno.ts';
import { type HeldDirectory, itself, removeLeftovers } from './held-directory.ts';
import type { Action } from './plan-record.ts';
import { pathOfFile, type PendingFile, type RestoreContext, settle } from './restore-dispatch.ts';
import { makeLink, makeSpecial } from './special-entry.ts';
import { attainableMetadata, setMetadata } from '../../system/file-metadata.ts';
import { type FirstName, isStillFirst } from './link-group.ts';
import { joinedPath } from './target-name.ts';

/**
 * Makes a directory ready to take files: there, writable for us, without what a killed restore left. False when that
 * failed, which is reported.
 */
export const prepareDirectory = (path: Path, own: Action, context: RestoreContext): boolean => {
  const { tree, ledger, abilities } = context;
  try {
    const directory = tree.hold(path);
    try {
      if (own === 'create') return true;
      removeLeftovers(directory);
      // Given back by the directory's own metadata at the end.
      if (own === 'amend' && !abilities.asRoot) makeWritable(directory);
      return true;
    } finally {
      tree.release(path);
    }
  } catch (error) {
    ledger.failed(joinedPath(path), errnoFault(error, 'prepare the directory', joinedPath(path)));
    return false;
  }
};

const makeWritable = ({ descriptor }: HeldDirectory): void => {
  const { mode } = fstatSync(descriptor);
  if ((mode & 0o700) !== 0o700) fchmodSync(descriptor, (mode & 0o7777) | 0o700);
};

export interface EndedDirectory {
  readonly path: Path;
  readonly metadata: Metadata | undefined;
  readonly action: Action;
}

/** Gives a directory its metadata when nothing in it will change any more. */
export const restoreDirectory = ({ path, metadata, action }: EndedDirectory, context: RestoreContext): void => {
  const { ledger, abilities } = context;
  const count = path.length > 0;
  const attainable = metadata === undefined ? undefined : attainableMetadata(metadata, abilities, ledger.lost);
  if (action === 'leave') {
    if (count) ledger.directoryLeft();
    return;
  }
  within(path, joinedPath(path), context, ({ descriptor, prefix }) => {
    if (attainable !== undefined) {
      const task = { descriptor, path: itself(prefix), metadata: attainable, tidy: true };
      for (const loss of setMetadata(task, abilities.posix)) ledger.lost(loss);
    }
    if (count) ledger.directoryWritten();
  });
};

/** Symlinks, fifos, sockets, devices. */
export const restoreSpecial = (file: PendingFile, context: RestoreContext): void => {
  const { entry, directory: path, replace } = file;
  const { ledger, abilities, temporaryName } = context;
  within(path, pathOfFile(file), context, (directory) => {
    const metadata = attainableMetadata(entry, abilities, () => {});
    const task = { entry, directory, temporary: temporaryName(), replace, metadata };
    try {
      const losses = makeSpecial(task, abilities.posix);
      settle(file, { job: 0, losses }, context);
    } catch (error) {
      if (errnoCode(error) === 'EPERM' && entry.type.endsWith('device')) ledger.lost('device');
      else if (errnoCode(error) === 'EEXIST') settle(file, existing, context);
      else throw error;
    }
  });
};

const existing = { job: 0, failure: { code: 'EEXIST', syscall: 'rename', reading: false } } as const;

/** Gives a restored file one more name; false when it has to be written by itself. */
export const restoreLink = (file: PendingFile, first: FirstName, context: RestoreContext): boolean => {
  const { entry, directory: path, replace } = file;
  let linked = true;
  within(path, pathOfFile(file), context, (directory) => {
    const firstDirectory = context.tree.hold(first.directory);
    try {
      const temporary = context.temporaryName();
      linked = makeLink({
        first: firstDirectory,
        firstName: first.name,
        isFirst: (there) => isStillFirst(there, first, file.entry),
        directory,
        name: entry.name,
        temporary,
        replace,
      });
      if (linked) settle(file, undefined, context);
    } catch (error) {
      if (errnoCode(error) !== 'EEXIST') throw error;
      settle(file, existing, context);
    } finally {
      context.tree.release(first.directory);
    }
  });
  return linked;
};

/** Does something in a held directory; what is thrown is reported as the failure of one entry. */
const within = (
  path: Path,
  reported: ByteString,
  { tree, ledger }: RestoreContext,
  work: (directory: HeldDirectory) => void,
): void => {
  try {
    const directory = tree.hold(path);
    try {
      work(directory);
    } finally {
      tree.release(path);
    }
  } catch (error) {
    const fault = errnoCode(error) === undefined ? asFault(error) : errnoFault(error, 'restore', reported);
    ledger.failed(reported, fault);
  }
};
