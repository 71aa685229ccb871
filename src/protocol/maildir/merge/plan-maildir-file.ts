import type { Run } from '../../../contract/run.ts';
import type { FreshChild, Source } from '../../../contract/source.ts';
import { parseKeywords } from '../../../mail/dovecot-files.ts';
import { livingFileOf } from '../../../mail/merge/living-file.ts';
import { mergeKeywords } from '../../../mail/merge/keyword-letters.ts';
import { mergeSubscriptions } from '../../../mail/merge/merge-subscriptions.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { Action } from '../../files/plan-record.ts';
import { childPath } from '../../files/target-name.ts';
import { readLivingText } from './living-text.ts';
import type { MaildirChange } from './merge-record.ts';
import { readText } from './read-source.ts';

export interface MaildirFilePlanning {
  readonly source: Source;
  /** Of the Maildir folder; absolute. */
  readonly folder: ByteString;
  /** What lies in it. */
  readonly names: ReadonlySet<ByteString>;
  readonly change: MaildirChange;
}

/** `alone`: as any other file. `merge`: lines of it are added to the one that is there, if there is one. */
export type MaildirFileDecision = Extract<Action, 'leave' | 'skip' | 'create'> | 'alone' | 'merge';

/** What becomes of a file beside `cur` and `new` of a Maildir folder that is in use. Throws a Fault when it cannot be read. */
export const planMaildirFile = async (
  child: FreshChild,
  { source, folder, names, change }: MaildirFilePlanning,
  run: Run,
): Promise<MaildirFileDecision> => {
  const { name } = child.entry;
  const startsAny = (beginning: string): boolean => [...names].some((there) => there.startsWith(beginning));
  switch (livingFileOf(name)) {
    case 'derived':
      return 'skip';
    case 'state':
      return names.has(name) || (name.startsWith('dovecot-uidvalidity') && startsAny('dovecot-uidvalidity'))
        ? 'leave'
        : 'create';
    case 'uid-list':
      // An index without its list knows UIDs that a list of old does not.
      return names.has(name) || startsAny('dovecot.index') ? 'leave' : 'create';
    case 'keywords': {
      change.keywords = parseKeywords(await readText(source, child, run));
      const live = parseKeywords(readLivingText(childPath(folder, name)));
      return mergeKeywords(live, change.keywords, change.used).added > 0 ? 'merge' : 'leave';
    }
    case 'subscriptions': {
      if (!names.has(name)) return 'create';
      const backup = await readText(source, child, run);
      if (mergeSubscriptions(readLivingText(childPath(folder, name)), backup) === undefined) return 'leave';
      change.subscriptions.set(name, backup);
      return 'merge';
    }
    case 'ordinary':
      return 'alone';
  }
};
