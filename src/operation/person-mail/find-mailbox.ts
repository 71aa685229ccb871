import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { Base } from '../../contract/source.ts';
import type { Path } from '../../model/entry.ts';
import { type MailboxMatch, matchMailbox } from '../../mail/person-mailbox.ts';

/** Deeper than any mail server puts the Maildir of a person. */
const deepest = 9;

export interface PersonMailboxes {
  /** Paths of Maildirs that are the person's. */
  readonly found: readonly Path[];
  /** How many Maildirs there are at all. */
  readonly all: number;
}

/**
 * The Maildirs of a person below a folder of a backup. Folders of a Maildir are not entered, so that it takes as long as there
 * are people. Where some are sure, those that only may be theirs are left out.
 */
export const findPersonMailboxes = async (
  base: Pick<Base, 'children'>,
  address: string,
  run: Run,
): Promise<PersonMailboxes> => {
  const matches: { readonly path: Path; readonly match: MailboxMatch }[] = [];
  let all = 0;
  let level: readonly Path[] = [[]];
  for (let depth = 0; depth <= deepest && level.length > 0; depth++) {
    const next: Path[] = [];
    for (const path of level) {
      throwIfInterrupted(run);
      const below = await foldersIn(base, path, run);
      if (!isMaildir(below)) {
        next.push(...below.values());
        continue;
      }
      all++;
      const match = matchMailbox(path, address);
      if (match !== undefined) matches.push({ path, match });
    }
    level = next;
  }
  const sure = matches.filter(({ match }) => match === 'sure');
  return { found: (sure.length > 0 ? sure : matches).map(({ path }) => path), all };
};

const foldersIn = async (base: Pick<Base, 'children'>, path: Path, run: Run): Promise<ReadonlyMap<string, Path>> => {
  const below = new Map<string, Path>();
  for await (const page of base.children(path, run)) {
    for (const { entry } of page) if (entry.type === 'directory') below.set(entry.name, [...path, entry.name]);
  }
  return below;
};

const isMaildir = (below: ReadonlyMap<string, Path>): boolean => below.has('cur') && below.has('new');
