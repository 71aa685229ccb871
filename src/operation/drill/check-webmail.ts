import type { ThrowawayDatabase, WebmailTables } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';

/** Whether the tables of webmail are there and belong together. Returns what there is of it, for a login. */
export const checkWebmail = async (
  { webmail }: Pick<ThrowawayDatabase, 'webmail'>,
  tally: CheckTally,
  run: Run,
): Promise<readonly WebmailTables[]> => {
  const webmails = (await webmail?.tables(run)) ?? [];
  for (const { place, users, missing, orphans, nameless } of webmails) {
    tally.look(users);
    for (const subject of missing) tally.find({ kind: 'webmail-table-missing', subject });
    for (const { table, count } of orphans) tally.find({ kind: 'webmail-orphans', subject: table, count });
    if (nameless > 0) tally.find({ kind: 'webmail-nameless', subject: place, count: nameless });
  }
  return webmails;
};
