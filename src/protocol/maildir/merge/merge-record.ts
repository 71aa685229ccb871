import type { ByteString } from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { createPlanRecord, type PlanRecord } from '../../files/plan-record.ts';
import { joinedPath } from '../../files/target-name.ts';

/** What a directory of the source is at the target. */
export type DirectoryRole =
  | { readonly kind: 'plain' }
  /** A Maildir folder that is in use. */
  | { readonly kind: 'maildir' }
  /** `cur` or `new` of one. */
  | { readonly kind: 'messages' }
  /** `tmp` of one: nothing in it comes. */
  | { readonly kind: 'nothing' }
  /** It is not there. `depth`: how many names of its path lead to the uppermost folder that is missing. */
  | { readonly kind: 'missing'; readonly depth: number };

/** What becomes of a living Maildir folder besides its messages. */
export interface MaildirChange {
  /** The backup's `dovecot-keywords`. */
  keywords: ReadonlyMap<string, string>;
  /** Letters of keywords that coming messages use. */
  readonly used: Set<string>;
  /** The backup's subscriptions, by the name of the file, where some of them are to be added. */
  readonly subscriptions: Map<ByteString, ByteString>;
}

/** All decisions of a plan. */
export interface MergeRecord {
  readonly decisions: PlanRecord;
  setRole(path: Path, role: DirectoryRole): void;
  role(path: Path): DirectoryRole | undefined;
  /** Of the Maildir folder at a path; made when it is asked for first. */
  change(path: Path): MaildirChange;
}

const plain: DirectoryRole = { kind: 'plain' };

export const createMergeRecord = (): MergeRecord => {
  const roles = new Map<ByteString, DirectoryRole>();
  const changes = new Map<ByteString, MaildirChange>();
  return {
    decisions: createPlanRecord(),
    setRole: (path, role) => {
      roles.set(joinedPath(path), role.kind === 'plain' ? plain : role);
    },
    role: (path) => roles.get(joinedPath(path)),
    change: (path) => {
      const key = joinedPath(path);
      let change = changes.get(key);
      if (change === undefined)
        changes.set(key, (change = { keywords: new Map(), used: new Set(), subscriptions: new Map() }));
      return change;
    },
  };
};
