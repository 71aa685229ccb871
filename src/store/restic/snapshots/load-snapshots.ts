import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { isFault } from '../../../model/fault.ts';
import type { SnapshotFile } from '../format/snapshot-format.ts';
import { listNames } from '../index/index-loader.ts';
import type { Repository } from '../repository.ts';

/**
 * All snapshots, in no order. Unlike for reading, one that cannot be read is a fault: whoever decides what goes must know
 * all that is there. Faults: `snapshot-damaged`, and what the backend says.
 */
export const loadAllSnapshots = async (repository: Repository, run: Run): Promise<readonly SnapshotFile[]> => {
  const { backend } = repository.session;
  const names = await listNames(backend, 'snapshot', run);
  const found: SnapshotFile[] = [];
  const work = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      throwIfInterrupted(run);
      try {
        found.push(await repository.snapshotFile(name, run));
      } catch (error) {
        // Removed by another program since it was listed.
        if (!isFault(error, 'object-missing')) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: backend.capabilities.connections }, work));
  return found;
};
