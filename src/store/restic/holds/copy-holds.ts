import type { Run } from '../../../contract/run.ts';
import type { Repository } from '../repository.ts';
import { loadAllSnapshots } from '../snapshots/load-snapshots.ts';
import { carryHoldLines, loadHoldLog } from './hold-notes.ts';

/**
 * Brings what one repository says of holds into another, as it is signed: snapshots that are copied keep the id by which a hold
 * knows them. Returns how many lines were new there. Faults: what reading and writing say.
 */
export const copyHolds = (source: Repository, target: Repository, run: Run): Promise<number> =>
  source.locked(
    'shared',
    async () => {
      const from = await loadHoldLog(source, await loadAllSnapshots(source, run), run);
      if (from.lines.length === 0) return 0;
      const work = async (): Promise<number> =>
        carryHoldLines(target, from, await loadHoldLog(target, await loadAllSnapshots(target, run), run), run);
      return target.locked('shared', work, run);
    },
    run,
  );
