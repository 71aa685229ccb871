import { createHash } from 'node:crypto';
import { realpath, statfs } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import type { AccountScan } from '../../../contract/account-scan.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { createMessageDigest } from '../../../mail/direct/message-digest.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { type MirrorReport, openMirror } from '../mirror/mirror.ts';
import { adoptingScan } from './adopting-scan.ts';
import type { AdoptionPlan, FolderAdoption } from './adoption-plan.ts';
import { oldMessageDigest } from './old-message.ts';

export interface AdoptedMirror {
  /** The mirror's folder. */
  readonly directory: string;
  readonly account: string;
}

/** Takes over what the plan has. What lies in the mirror already stays; of the old tree nothing is changed. */
export const applyAdoption = async (
  scan: AccountScan,
  plan: AdoptionPlan,
  { directory, account }: AdoptedMirror,
  run: Run,
): Promise<MirrorReport> => {
  const mirror = await openMirror({ directory, account, judge: () => [], removes: false }, run);
  try {
    return await mirror.apply(adoptingScan(scan, plan), run);
  } finally {
    await mirror.close();
  }
};

/** Fetches so many messages, spread over all that would be taken over, and compares them whole; resolves to how many differ. */
export const verifyAdoption = async (
  scan: AccountScan,
  { folders }: AdoptionPlan,
  count: number,
  run: Run,
): Promise<{ readonly compared: number; readonly different: number }> => {
  let [compared, different] = [0, 0];
  for (const [folder, uids] of sampleOf(folders, count)) {
    compared += uids.length;
    different += await differingOf(scan, folder, uids, run);
  }
  return { compared, different };
};

/** Messages at equal distances over all folders. */
const sampleOf = (
  folders: readonly FolderAdoption[],
  count: number,
): readonly (readonly [FolderAdoption, readonly number[]])[] => {
  const total = folders.reduce((sum, { messages }) => sum + messages.size, 0);
  const wanted = Math.min(count, total);
  const places = new Set(Array.from({ length: wanted }, (_, number) => Math.floor((number * total) / wanted)));
  let first = 0;
  return folders.flatMap((folder): (readonly [FolderAdoption, readonly number[]])[] => {
    const from = first;
    first += folder.messages.size;
    const uids = [...folder.messages.keys()].filter((_, at) => places.has(from + at));
    return uids.length === 0 ? [] : [[folder, uids]];
  });
};

const differingOf = async (
  scan: AccountScan,
  { messages, name, uidValidity }: FolderAdoption,
  uids: readonly number[],
  run: Run,
): Promise<number> => {
  const digests = uids.map(() => createMessageDigest(createHash('sha256')));
  let different = 0;
  for await (const { bytes, pieces, verdicts, recycle } of scan.read({ name, uidValidity }, uids, run)) {
    throwIfInterrupted(run);
    for (const { request, start, length } of pieces) digests[request]?.update(bytes.subarray(start, start + length));
    recycle?.();
    for (const { request, verdict } of verdicts) {
      const message = messages.get(uids[request] ?? 0);
      if (verdict.kind === 'failed') throw verdict.fault;
      if (verdict.kind === 'gone' || message === undefined) continue;
      if (digests[request]?.digest() !== (await oldMessageDigest(message))) different++;
    }
  }
  return different;
};

const real = async (path: string): Promise<string> => {
  try {
    return await realpath(path);
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw errnoFault(error, 'look at', path);
    const parent = dirname(path);
    return parent === path
      ? path
      : `${await real(parent)}${path.slice(parent === sep ? parent.length - 1 : parent.length)}`;
  }
};

/** Fault `usage` where the mirror and the old tree would lie in one another: each needs a folder of its own. */
export const mustLieApart = async (mirror: string, tree: string): Promise<void> => {
  const [one, other] = [await real(mirror), await real(tree)];
  const isWithin = (inner: string, outer: string): boolean => inner === outer || inner.startsWith(`${outer}${sep}`);
  if (!isWithin(one, other) && !isWithin(other, one)) return;
  throw new Fault('usage', 'the mirror of the account and the old tree lie in the same folder', {
    hint: 'Name another folder in the configuration, as `store: {mirror: …}`. The old one stays as it is until you remove it.',
    context: { mirror: one, tree: other },
  });
};

/** Bytes that are free where a folder is, or will be. */
export const freeBytes = async (directory: string): Promise<number> => {
  for (let path = directory; ; path = dirname(path)) {
    try {
      const { bavail, bsize } = await statfs(path);
      return bavail * bsize;
    } catch (error) {
      if (errnoCode(error) !== 'ENOENT' || dirname(path) === path) throw errnoFault(error, 'look at', path);
    }
  }
};
