import type { DatabasePlan, DatabaseReport, PlannedDump } from '../../../contract/database-target.ts';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { ReadRequest, Source } from '../../../contract/source.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { listDumps } from './dump-files.ts';

export interface Counted {
  readonly tables: number;
  readonly rows: number;
}

export type RestoreDump = (
  planned: PlannedDump,
  request: ReadRequest,
  files: ReadonlyMap<ByteString, ReadRequest>,
) => Promise<Counted>;

/** Brings back one dump after the other; one that fails does not keep the next from being brought. Fault `interrupted`. */
export const restoreEach = async (
  plan: DatabasePlan,
  { dumps, restore }: { readonly dumps: Source; readonly restore: RestoreDump },
  run: Run,
): Promise<DatabaseReport> => {
  const restored: DatabaseReport['restored'][number][] = [];
  const failed: DatabaseReport['failed'][number][] = [];
  const files = await listDumps(dumps, run);
  for (const planned of plan.dumps) {
    throwIfInterrupted(run);
    const { file, into, action } = planned;
    const request = files.get(file);
    try {
      if (action.kind === 'refuse') throw action.fault;
      if (request === undefined) throw new Fault('entry-vanished', `the dump ${file} is not there any more`);
      restored.push({ file, into, ...(await restore(planned, request, files)) });
    } catch (error) {
      throwIfInterrupted(run);
      if (isFault(error, 'interrupted')) throw error;
      failed.push({ file, into, fault: asFault(error) });
    }
  }
  return { restored, failed };
};

export interface Planned {
  readonly wanted: (file: ByteString) => boolean;
  readonly plan: (file: ByteString, request: ReadRequest) => Promise<PlannedDump>;
}

/** Plans one dump after the other; one that cannot be read is a refusal. Fault `interrupted`. */
export const planEach = async (dumps: Source, { wanted, plan }: Planned, run: Run): Promise<DatabasePlan> => {
  const planned: PlannedDump[] = [];
  const left: ByteString[] = [];
  for (const [file, request] of await listDumps(dumps, run)) {
    throwIfInterrupted(run);
    if (!wanted(file)) {
      left.push(file);
      continue;
    }
    try {
      planned.push(await plan(file, request));
    } catch (error) {
      throwIfInterrupted(run);
      if (!isFault(error) || isFault(error, 'internal')) throw error;
      const action = { kind: 'refuse', fault: error } as const;
      planned.push({ file, into: file, action, tables: 0, rows: 0, others: [], notes: [] });
    }
  }
  return { dumps: planned, left };
};

/** What was in use before a restore that broke off may still be there, and is nobody's to remove but a person's. */
export const oldFault = (old: string): Fault =>
  new Fault('target-occupied', `there is a database ${old}, left by a restore that broke off`, {
    hint: 'It may hold what was there before. Look at it, rename or drop it, and restore again.',
  });
