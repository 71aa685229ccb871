import type { Run } from '../../../contract/run.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import { type Fault, isFault } from '../../../model/fault.ts';

/** What a check looked at. Damage is told as `fault` events while it goes on, and counted here. */
export interface CheckReport {
  readonly damage: number;
  /** What wastes space or is untidy, and harms nothing. */
  readonly remarks: number;
  readonly snapshots: number;
  readonly trees: number;
  readonly packs: number;
  /** Blobs that an index lists. */
  readonly blobs: number;
  /** Packs whose every byte was read, and their bytes. */
  readonly packsRead: number;
  readonly bytesRead: number;
}

/** Gathers what a check finds. */
export class CheckFindings {
  readonly #run: Run;
  damage = 0;
  remarks = 0;
  /** Ids of packs in which something is damaged. */
  readonly packs = new Set<string>();

  constructor(run: Run) {
    this.#run = run;
  }

  damaged(fault: Fault, path?: ByteString): void {
    this.damage++;
    const { pack } = fault.context;
    if (typeof pack === 'string' && isFault(fault, 'blob-damaged', 'pack-damaged')) this.packs.add(pack);
    this.#run.emit({ kind: 'fault', fault, ...(path === undefined ? {} : { path }) });
  }

  remark(message: string): void {
    this.remarks++;
    this.#run.emit({ kind: 'notice', message });
  }
}
