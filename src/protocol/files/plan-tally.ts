import type { TargetPlan } from '../../contract/target.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import { type Counts, noCounts } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import type { Action } from './plan-record.ts';

/** Sums up the decisions of a plan. At most a thousand names of each kind are kept. */
export interface PlanTally {
  /** For progress. */
  seen(): { readonly files: number; readonly bytes: number };
  refuse(path: ByteString, fault: Fault): void;
  /** Gives the action back. */
  count(action: Action, entry: { readonly size: number }, path: ByteString): Action;
  countDirectory(action: Action, path: ByteString): void;
  plan(): TargetPlan;
}

const listedAtMost = 1000;

const plus = (counts: Counts, entry: { readonly size: number }): Counts => ({
  files: counts.files + 1,
  directories: counts.directories,
  bytes: counts.bytes + entry.size,
});

const oneDirectory = (counts: Counts): Counts => ({ ...counts, directories: counts.directories + 1 });

export const createPlanTally = (): PlanTally => {
  let create = noCounts;
  let overwrite = noCounts;
  let leave = noCounts;
  let seen = { files: 0, bytes: 0 };
  let unlisted = 0;
  const refusals: { readonly path: ByteString; readonly fault: Fault }[] = [];
  const overwritten: ByteString[] = [];
  const name = (path: ByteString): void => {
    if (overwritten.length < listedAtMost) overwritten.push(path);
  };
  return {
    seen: () => seen,
    refuse: (path: ByteString, fault: Fault): void => {
      if (refusals.length < listedAtMost) refusals.push({ path, fault });
      else unlisted++;
    },
    count: (action: Action, entry: { readonly size: number }, path: ByteString): Action => {
      seen = { files: seen.files + 1, bytes: seen.bytes + entry.size };
      if (action === 'create') create = plus(create, entry);
      if (action === 'leave') leave = plus(leave, entry);
      if (action === 'overwrite' || action === 'amend') {
        overwrite = plus(overwrite, action === 'amend' ? { size: 0 } : entry);
        name(path);
      }
      return action;
    },
    countDirectory: (action: Action, path: ByteString): void => {
      if (action === 'create') create = oneDirectory(create);
      if (action === 'leave') leave = oneDirectory(leave);
      if (action === 'amend' || action === 'overwrite') overwrite = oneDirectory(overwrite);
      if (action === 'overwrite') name(path);
    },
    plan: (): TargetPlan => {
      const more = new Fault('target-unsafe', `${unlisted} more entries cannot be restored`);
      const last = { path: byteStringOfLatin1(''), fault: more };
      return { create, overwrite, leave, refusals: unlisted > 0 ? [...refusals, last] : refusals, overwritten };
    },
  };
};
