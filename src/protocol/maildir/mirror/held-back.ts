import { type FolderLedger, type LedgerDifference, uidRanges } from '../../../mail/direct/ledger.ts';
import { parsePresentedName } from '../../../mail/direct/presented-name.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { MirrorMessage } from './mirror-folder.ts';

/** Messages of a folder that the server does not have as they are, and that still lie in the mirror. */
export interface HeldBack {
  readonly name: ByteString;
  readonly messages: readonly MirrorMessage[];
  /** A sentence. */
  readonly reason: string;
}

/**
 * The ledger of a mirror from which not all was removed: what is held back is in the snapshot all the same, and is named with
 * its reason, each generation of a folder apart. A folder that is gone from the server has its own line.
 */
export const withHeldBack = (
  ledger: readonly FolderLedger[],
  heldBack: readonly HeldBack[],
): readonly FolderLedger[] => {
  const folders = new Map(ledger.map((folder) => [folder.name, folder]));
  for (const { name, messages, reason } of heldBack) {
    const { count, uidValidity, differences } = differencesOf(messages, folders.get(name)?.uidValidity, reason);
    if (count === 0) continue;
    const folder = folders.get(name) ?? { name, uidValidity, onServer: 0, inSnapshot: 0, differences: [] };
    folders.set(name, {
      ...folder,
      inSnapshot: folder.inSnapshot + count,
      differences: [...folder.differences, ...differences],
    });
  }
  return [...folders.values()];
};

interface Differences {
  readonly count: number;
  readonly uidValidity: number;
  readonly differences: readonly LedgerDifference[];
}

const differencesOf = (
  messages: readonly MirrorMessage[],
  current: number | undefined,
  reason: string,
): Differences => {
  const generations = new Map<number, number[]>();
  for (const { name } of messages) {
    const place = parsePresentedName(name);
    if (place === undefined) continue;
    const uids = generations.get(place.uidValidity);
    if (uids === undefined) generations.set(place.uidValidity, [place.uid]);
    else uids.push(place.uid);
  }
  const differences = [...generations].map(([uidValidity, uids]): LedgerDifference => {
    const before = current === undefined || uidValidity === current ? '' : ` (of UIDVALIDITY ${uidValidity})`;
    const text = uidRanges(uids.sort((left, right) => left - right));
    return { uids: text, kind: 'carried', reason: reason + before };
  });
  const count = [...generations.values()].reduce((sum, uids) => sum + uids.length, 0);
  return { count, uidValidity: current ?? [...generations.keys()][0] ?? 0, differences };
};
