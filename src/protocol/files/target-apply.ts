import type { CapturedDirectory, Child, FreshChild, Source } from '../../contract/source.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { Entry, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { createHardLinks } from './hard-links.ts';
import { prepareDirectory, restoreSpecial } from './restore-entry.ts';
import type { RestoreContext } from './restore-dispatch.ts';
import { createRound, type Linked, type Round } from './restore-round.ts';
import type { Action, DirectoryDecisions, PlanRecord } from './plan-record.ts';
import { unsupported } from './target-decision.ts';
import { attainableMetadata } from './target-metadata.ts';
import { childPath, joinedPath } from './target-name.ts';

/** How many entries are brought together before they are read: what a round keeps in memory, about 1 kB each. */
const entriesInARound = 32_768;

/** Walks the source again and does what the plan says. Throws the Fault that made it end early. */
export const applyPlan = async (
  source: Source,
  record: PlanRecord,
  context: RestoreContext,
  run: Run,
): Promise<void> => {
  const applying = createApplying(source, context, run);
  try {
    for await (const captured of source.capture(undefined, run)) {
      throwIfInterrupted(run);
      await applying.directory(captured, record.directory(captured.path));
    }
    await applying.end();
  } finally {
    await context.pool.settled();
  }
};

const createApplying = (source: Source, context: RestoreContext, run: Run) => {
  const { ledger } = context;
  const links = createHardLinks<Linked>();
  let round: Round = createRound();

  const flush = async (): Promise<void> => {
    const full = round;
    round = createRound();
    await full.restore(source, context, run);
  };

  const applyChild = (child: Child, action: Action, parent: Parent): void => {
    if (action === 'refuse') ledger.refused();
    if (child.kind !== 'fresh' || action === 'skip' || action === 'refuse') return;
    const { entry } = child;
    if (action === 'unsupported') {
      ledger.lost(unsupported(entry.type, context.abilities) ?? 'irregular');
      return;
    }
    attainableMetadata(entry, context.abilities, ledger.lost);
    const first = links.seen(entry);
    if (first === undefined) links.add(entry, { directory: parent.path, name: entry.name });
    if (action === 'leave') ledger.left(childPath(joinedPath(parent.path), entry.name), entry.size);
    else applyEntry(child, { action, first: first?.place }, parent);
  };

  const applyEntry = (
    { entry, content }: FreshChild,
    { action, first }: { readonly action: Action; readonly first: Linked | undefined },
    parent: Parent,
  ): void => {
    parent.prepared ??= prepareDirectory(parent.path, parent.decisions.own, context);
    if (!parent.prepared) {
      ledger.refused();
      return;
    }
    const file = { directory: parent.path, entry, content, replace: action === 'overwrite' };
    if (entry.type !== 'file') restoreSpecial(file, context);
    else if (action === 'amend') round.amend(file);
    else if (first === undefined) round.write(file);
    else round.link(file, first);
  };

  return {
    directory: async (captured: CapturedDirectory, decisions: DirectoryDecisions | undefined): Promise<void> => {
      const { path, listing } = captured;
      const key = joinedPath(path);
      const parent: Parent = { path, decisions: decisions ?? unplanned, prepared: undefined };
      if (listing.kind === 'carried') ledger.failed(key, listing.fault);
      if (listing.kind === 'listed') {
        for await (const page of listing.pages) {
          for (const child of page) {
            const name = nameOf(child);
            const action = parent.decisions.of(name);
            if (action === undefined) ledger.failed(childPath(key, name), unexpected());
            else applyChild(child, action, parent);
          }
          ledger.check();
          if (round.size() >= entriesInARound) await flush();
        }
      }
      if (decisions === undefined) return;
      round.end(captured, decisions.own);
    },
    end: flush,
  };
};

interface Parent {
  readonly path: Path;
  readonly decisions: DirectoryDecisions;
  /** Whether it could be made ready to take files; undefined until the first one. */
  prepared: boolean | undefined;
}

const unplanned: DirectoryDecisions = { own: 'skip', of: () => undefined };

const unexpected = (): Fault =>
  new Fault('entry-changed', 'it was not in the source when the plan was made', {
    hint: 'Run the same command again to restore it too.',
  });

const nameOf = (child: Child): Entry['name'] =>
  child.kind === 'same' || child.kind === 'fresh' ? child.entry.name : child.name;
