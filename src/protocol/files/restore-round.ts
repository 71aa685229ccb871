import type { CapturedDirectory, Source } from '../../contract/source.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { Path } from '../../model/entry.ts';
import { firstNameOf, leadingFile, type LinkGroup, noteLinked } from './link-group.ts';
import { createDeliveryReceiver } from './restore-delivery.ts';
import { type PendingFile, type RestoreContext } from './restore-dispatch.ts';
import { restoreDirectory, restoreLink } from './restore-entry.ts';
import { restoreLocally } from './restore-local.ts';
import type { Action } from './plan-record.ts';

/**
 * Some thousands of entries that are restored together, so that a source can deliver them in its own best order. As the
 * walk is children first, every directory that ended before the round does is whole after it, and gets its metadata.
 */
export interface Round {
  write(file: PendingFile): void;
  amend(file: PendingFile): void;
  /** One more name of a file. */
  link(file: PendingFile, group: LinkGroup): void;
  /** A directory whose children were all given to this round or earlier ones. */
  end(directory: CapturedDirectory, action: Action): void;
  size(): number;
  /** Bytes of the files that are to be written. */
  bytes(): number;
  restore(source: Source, context: RestoreContext, run: Run): Promise<void>;
}

interface LinkedName {
  readonly file: PendingFile;
  readonly group: LinkGroup;
}

export const createRound = (): Round => {
  let bytes = 0;
  const local: PendingFile[] = [];
  const delivered: PendingFile[] = [];
  const amended: PendingFile[] = [];
  const linked: LinkedName[] = [];
  const ended: { readonly path: Path; readonly metadata: CapturedDirectory['metadata']; readonly action: Action }[] =
    [];

  const write = (file: PendingFile): void => {
    bytes += file.entry.size;
    (file.content.kind === 'delivered' ? delivered : local).push(file);
  };

  return {
    write,
    amend: (file) => {
      amended.push(file);
    },
    link: (file, group) => {
      linked.push({ file, group });
    },
    end: ({ path, metadata }, action) => {
      if (action !== 'skip' && action !== 'refuse') ended.push({ path, metadata, action });
    },
    size: () => local.length + delivered.length + amended.length + linked.length + ended.length,
    bytes: () => bytes,
    restore: async (source, context, run) => {
      delivered.push(...(await restoreLocally({ files: local, amended, source }, context, run)));
      await readDelivered(delivered, source, context, run);
      await restoreLinks(linked, source, context, run);
      for (const directory of ended) restoreDirectory(directory, context);
      context.ledger.check();
    },
  };
};

const readDelivered = async (
  files: readonly PendingFile[],
  source: Source,
  context: RestoreContext,
  run: Run,
): Promise<void> => {
  if (files.length === 0) return;
  const receiver = createDeliveryReceiver(files, context, run);
  try {
    for await (const delivery of source.read(files, 'any-order', run)) {
      throwIfInterrupted(run);
      await receiver.receive(delivery);
    }
    await receiver.end();
  } catch (error) {
    await context.pool.settled();
    receiver.abandon();
    throw error;
  }
};

/**
 * After all first names are there. A file of which no name may be linked to is written as a file of its own, and its
 * further names are linked to that one.
 */
const restoreLinks = async (
  linked: readonly LinkedName[],
  source: Source,
  context: RestoreContext,
  run: Run,
): Promise<void> => {
  if (linked.length === 0) return;
  const again = createRound();
  const leading = new Set<LinkGroup>();
  for (const { file, group } of linked) {
    throwIfInterrupted(run);
    if (leading.has(group)) {
      again.link(file, group);
      continue;
    }
    const first = firstNameOf(group);
    if (first !== undefined && restoreLink(file, first, context)) {
      noteLinked(group);
      continue;
    }
    if (first !== undefined || group.apart) context.ledger.lost('hard-link');
    leading.add(group);
    again.write(leadingFile(file, group));
  }
  context.ledger.check();
  if (again.size() > 0) await again.restore(source, context, run);
};
