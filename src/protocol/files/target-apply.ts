import type { CapturedDirectory, Child, Source } from '../../contract/source.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { Entry, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { createHardLinks, type HardLinks, isLinked } from './hard-links.ts';
import { prepareDirectory, restoreSpecial } from './restore-entry.ts';
import type { RestoreContext } from './restore-dispatch.ts';
import { createLinkGroup, leadingFile, type LinkGroup, noteLeft } from './link-group.ts';
import { createRound, type Round } from './restore-round.ts';
import type { Action, DirectoryDecisions, PlanRecord } from './plan-record.ts';
import { unsupported } from './target-decision.ts';
import { attainableMetadata } from '../../system/file-metadata.ts';
import { childPath, joinedPath } from './target-name.ts';

/** How many entries are brought together before they are read: what a round keeps in memory, about 1 kB each. */
const entriesInARound = 4096;
/** How many bytes a round may hand to a source at once; a larger file is a round by itself. */
const bytesInARound = 2 ** 30;

/** Walks the source again and does what the plan says. Throws the Fault that made it end early. */
export const applyPlan = async (
  source: Source,
  record: PlanRecord,
  context: RestoreContext,
  run: Run,
): Promise<void> => {
  const applying: Applying = { source, context, run, links: createHardLinks(), round: createRound() };
  try {
    for await (const captured of source.capture(undefined, run)) {
      throwIfInterrupted(run);
      await applyDirectory(applying, captured, record.directory(captured.path));
    }
    await flush(applying);
  } finally {
    await context.pool.settled();
  }
};

interface Applying {
  readonly source: Source;
  readonly context: RestoreContext;
  readonly run: Run;
  readonly links: HardLinks<LinkGroup>;
  round: Round;
}

interface Parent {
  readonly path: Path;
  readonly decisions: DirectoryDecisions;
  /** Whether it could be made ready to take files; undefined until the first one. */
  prepared: boolean | undefined;
}

const flush = async (applying: Applying): Promise<void> => {
  const full = applying.round;
  applying.round = createRound();
  await full.restore(applying.source, applying.context, applying.run);
};

const applyDirectory = async (
  applying: Applying,
  captured: CapturedDirectory,
  decisions: DirectoryDecisions | undefined,
): Promise<void> => {
  const { path, listing } = captured;
  const { ledger } = applying.context;
  const key = joinedPath(path);
  const parent: Parent = { path, decisions: decisions ?? unplanned, prepared: undefined };
  if (listing.kind === 'carried') ledger.failed(key, listing.fault);
  if (listing.kind === 'listed') {
    for await (const page of listing.pages) {
      for (const child of page) {
        const action = parent.decisions.of(nameOf(child));
        if (action === undefined) ledger.failed(childPath(key, nameOf(child)), unexpected());
        else applyChild(applying, child, { action, parent });
        if (applying.round.bytes() >= bytesInARound) await flush(applying);
      }
      ledger.check();
      if (applying.round.size() >= entriesInARound) await flush(applying);
    }
  }
  if (decisions !== undefined) applying.round.end(captured, decisions.own);
};

interface Decided {
  readonly action: Action;
  readonly parent: Parent;
}

const applyChild = ({ context, links, round }: Applying, child: Child, { action, parent }: Decided): void => {
  const { ledger, abilities } = context;
  if (action === 'refuse') ledger.refused();
  if (child.kind !== 'fresh' || action === 'skip' || action === 'refuse') return;
  const { entry, content } = child;
  if (action === 'unsupported') {
    ledger.lost(unsupported(entry.type, abilities) ?? 'irregular');
    return;
  }
  attainableMetadata(entry, abilities, ledger.lost);
  const known = links.seen(entry, content)?.place;
  const group = known ?? createLinkGroup();
  if (known === undefined) links.add(entry, content, group);
  if (action === 'leave') {
    if (isLinked(entry)) noteLeft(group, { directory: parent.path, name: entry.name }, context);
    ledger.left(childPath(joinedPath(parent.path), entry.name), entry.size);
    return;
  }
  parent.prepared ??= prepareDirectory(parent.path, parent.decisions.own, context);
  const file = { directory: parent.path, entry, content, replace: action === 'overwrite' };
  if (!parent.prepared) ledger.refused();
  else if (entry.type !== 'file') restoreSpecial(file, context);
  else if (action === 'amend') round.amend(file);
  else if (known !== undefined) round.link(file, known);
  else round.write(isLinked(entry) ? leadingFile(file, group) : file);
};

const unplanned: DirectoryDecisions = { own: 'skip', of: () => undefined };

const unexpected = (): Fault =>
  new Fault('entry-changed', 'it was not in the source when the plan was made', {
    hint: 'Run the same command again to restore it too.',
  });

const nameOf = (child: Child): Entry['name'] =>
  child.kind === 'same' || child.kind === 'fresh' ? child.entry.name : child.name;
