import type { ThrowawayDatabase } from '../../contract/drill.ts';
import type { Run } from '../../contract/run.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';

/** Whether the tables of webmail are there and belong together. Nobody logs in to it, which is told. */
export const checkWebmail = async (
  { mailTables }: Pick<ThrowawayDatabase, 'mailTables'>,
  tally: CheckTally,
  run: Run,
): Promise<void> => {
  for (const { place, users, missing, orphans, nameless } of (await mailTables?.webmail(run)) ?? []) {
    tally.look(users);
    tally.skip('no-webmail-login');
    for (const subject of missing) tally.find({ kind: 'webmail-table-missing', subject });
    for (const { table, count } of orphans) tally.find({ kind: 'webmail-orphans', subject: table, count });
    if (nameless > 0) tally.find({ kind: 'webmail-nameless', subject: place, count: nameless });
  }
};
