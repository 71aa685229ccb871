import { interrupted, type Run } from '../../contract/run.ts';
import { asFault } from '../../model/fault.ts';
import type { RepositoryRecord } from '../../model/run-record.ts';
import { unopened, upkeep, type UpkeepPlan, type UpkeepStep, type UpkeepTools } from './upkeep.ts';

export interface UpkeepAllParts {
  planOf(name: string): UpkeepPlan;
  /** Opens a repository for as long as `work` lasts. */
  withTools(name: string, work: (tools: UpkeepTools) => Promise<void>): Promise<void>;
  /** Called after each step, with the record so far. */
  tell(step: UpkeepStep, record: RepositoryRecord): void;
  /** Called with each repository that is done. */
  record(record: RepositoryRecord): void;
}

const upkeepOne = async (plan: UpkeepPlan, parts: UpkeepAllParts, run: Run): Promise<RepositoryRecord> => {
  let done: RepositoryRecord | undefined;
  try {
    await parts.withTools(plan.name, async (tools) => {
      done = await upkeep(plan, tools, { tell: (step, record) => parts.tell(step, record), run });
    });
    if (done !== undefined) return done;
  } catch (error) {
    const fault = asFault(error);
    if (done !== undefined) {
      run.emit({ kind: 'fault', fault });
      return done;
    }
    const record = unopened(plan, fault);
    const steps: readonly UpkeepStep[] = ['verify', 'copy', 'forget', 'prune', 'hold'];
    const first = steps.find((step) => (step === 'copy' ? record.copies.length > 0 : record[step] !== undefined));
    if (first === undefined) run.emit({ kind: 'fault', fault });
    else parts.tell(first, { ...record, copies: record.copies.slice(0, 1) });
    return record;
  }
  return { name: plan.name, appendOnly: plan.appendOnly, copies: [] };
};

/**
 * The upkeep of each of these repositories, and of those that snapshots are copied into, once each. One that cannot be
 * opened stops no other. Fault `interrupted`, once what was done so far is recorded.
 */
export const upkeepAll = async (names: readonly string[], parts: UpkeepAllParts, run: Run): Promise<void> => {
  const waiting = [...new Set(names)];
  const known = new Set(waiting);
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    if (run.signal.aborted) break;
    const plan = parts.planOf(name);
    for (const to of plan.copyTo) {
      if (!known.has(to)) waiting.push(to);
      known.add(to);
    }
    parts.record(await upkeepOne(plan, parts, run));
  }
  if (run.signal.aborted) throw interrupted(run.signal.reason);
};
