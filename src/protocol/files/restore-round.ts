import type { CapturedDirectory, Source } from '../../contract/source.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import { createDeliveryReceiver } from './restore-delivery.ts';
import { type PendingFile, type RestoreContext } from './restore-dispatch.ts';
import { restoreDirectory, restoreLink } from './restore-entry.ts';
import { restoreLocally } from './restore-local.ts';
import type { Action } from './plan-record.ts';

/** The first name of a file that has several. */
export interface Linked {
  readonly directory: Path;
  readonly name: ByteString;
}

/**
 * Some thousands of entries that are restored together, so that a source can deliver them in its own best order. As the
 * walk is children first, every directory that ended before the round does is whole after it, and gets its metadata.
 */
export interface Round {
  write(file: PendingFile): void;
  amend(file: PendingFile): void;
  link(file: PendingFile, first: Linked): void;
  /** A directory whose children were all given to this round or earlier ones. */
  end(directory: CapturedDirectory, action: Action): void;
  size(): number;
  restore(source: Source, context: RestoreContext, run: Run): Promise<void>;
}

export const createRound = (): Round => {
  const local: PendingFile[] = [];
  const delivered: PendingFile[] = [];
  const amended: PendingFile[] = [];
  const linked: { readonly file: PendingFile; readonly first: Linked }[] = [];
  const ended: { readonly path: Path; readonly metadata: CapturedDirectory['metadata']; readonly action: Action }[] =
    [];

  const write = (file: PendingFile): void => {
    (file.content.kind === 'delivered' ? delivered : local).push(file);
  };

  return {
    write,
    amend: (file) => {
      amended.push(file);
    },
    link: (file, first) => {
      linked.push({ file, first });
    },
    end: ({ path, metadata }, action) => {
      if (action !== 'skip' && action !== 'refuse') ended.push({ path, metadata, action });
    },
    size: () => local.length + delivered.length + amended.length + linked.length + ended.length,
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

/** After all first names are there. What cannot be linked is written as a file of its own. */
const restoreLinks = async (
  linked: readonly { readonly file: PendingFile; readonly first: Linked }[],
  source: Source,
  context: RestoreContext,
  run: Run,
): Promise<void> => {
  if (linked.length === 0) return;
  const alone = createRound();
  for (const { file, first } of linked) {
    if (restoreLink(file, first, context)) continue;
    context.ledger.lost('hard-link');
    alone.write(file);
  }
  context.ledger.check();
  if (alone.size() > 0) await alone.restore(source, context, run);
};
