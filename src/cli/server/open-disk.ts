import type { DatedBackup, DatedStore } from '../../contract/component.ts';
import type { DiskSetting } from '../../config/disk-setting.ts';
import type { HoldTrust } from '../../model/hold-trust.ts';
import type { Run } from '../../contract/run.ts';
import type { ServerOrigin } from '../../contract/server-origin.ts';
import { estimateOf, isTooFull, usedPercent } from '../../model/disk-space.ts';
import { Fault } from '../../model/fault.ts';
import { formatBytes } from '../../model/size.ts';
import type { DiskState, OpenDisk } from '../../operation/server/server-night.ts';
import { datedStoreAt } from '../../registry/server.ts';
import { spaceAt } from '../../system/mounted-disk.ts';
import { findDisk } from './find-disk.ts';

export interface DiskWish {
  readonly disk: DiskSetting;
  readonly timeZone: string | undefined;
  /** Milliseconds to wait for another program on the same disk. */
  readonly wait: number;
  readonly origin: ServerOrigin;
  readonly holdTrust: HoldTrust;
  /** Bytes that lie in the sources, for the first backup. */
  readonly inSources: () => Promise<number>;
}

const writtenFor = ({ components }: DatedBackup): number =>
  components.reduce((sum, { writtenBytes }) => sum + writtenBytes, 0);

const newestFirst = (backups: readonly DatedBackup[]): readonly DatedBackup[] =>
  backups.toSorted((left, right) => right.started - left.started);

const requireRoom = async ({ disk, inSources }: DiskWish, store: DatedStore, run: Run): Promise<void> => {
  const { path, reserve } = disk;
  const space = await spaceAt(path);
  const captured = newestFirst(await store.backups(run)).filter(({ name }) => name.kind === 'daily');
  const estimate = estimateOf(captured.map(writtenFor), captured.length === 0 ? await inSources() : 0);
  if (!isTooFull(space, estimate, reserve)) return;
  const facts = `about ${formatBytes(estimate)} would be written and ${formatBytes(reserve)} are to stay free, but only ${formatBytes(space.free)} are`;
  throw new Fault('disk-full', `the disk for ${path} is too full: ${facts}`, {
    hint: 'Make room on it, or use a larger one. Backups that are there are never removed to make room.',
    context: { path, free: space.free, estimate },
  });
};

const together = (backups: readonly DatedBackup[], kind: 'daily' | 'weekly'): { count: number; bytes: number } => {
  const own = backups.filter(({ name }) => name.kind === kind);
  return { count: own.length, bytes: own.reduce((sum, backup) => sum + writtenFor(backup), 0) };
};

const stateOf = async (
  { path, warnAt }: DiskSetting,
  mountPoint: string,
  store: DatedStore,
  run: Run,
): Promise<DiskState> => {
  const [space, backups] = [await spaceAt(path), await store.backups(run)];
  const now = Number(run.now() / 1_000_000n);
  const good = newestFirst(backups).find(({ state, started }) => state === 'good' && started <= now);
  const percent = usedPercent(space);
  const counts = { daily: together(backups, 'daily'), weekly: together(backups, 'weekly') };
  return {
    disk: { path, mountPoint, ...space, usedPercent: percent, warnAt, ...counts },
    lastGood: good?.started,
  };
};

/** Opens the disk of a server for as long as `work` lasts, after a look whether it is the right one, writable, and has room. */
export const withServerDisk = async <Result>(
  wish: DiskWish,
  work: (disk: OpenDisk) => Promise<Result>,
  run: Run,
): Promise<Result> => {
  const { disk } = wish;
  const mountPoint = await findDisk(disk, run);
  const store = await datedStoreAt(wish);
  try {
    await requireRoom(wish, store, run);
    return await work({
      store,
      record: (own) => stateOf(disk, mountPoint, store, own),
    });
  } finally {
    await store.close();
  }
};
