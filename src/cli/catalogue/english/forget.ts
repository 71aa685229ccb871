import type { BucketName } from '../../../model/retention-policy.ts';
import { plural } from './plural.ts';

type Unit = 'last' | BucketName;

/** Of `forget` and `tag`. */
export const forgetMessages = {
  forgetColumns: () => ({ id: 'ID', time: 'Time', host: 'Host', tags: 'Tags', reasons: 'Reasons', paths: 'Paths' }),
  forgetGroup: (host: string | undefined, tags: string | undefined, paths: string | undefined): string => {
    const parts = [
      ...(host === undefined ? [] : [`host ${host}`]),
      ...(tags === undefined ? [] : [`tags [${tags}]`]),
      ...(paths === undefined ? [] : [`paths [${paths}]`]),
    ];
    return parts.length === 0 ? 'all snapshots:' : `snapshots of ${parts.join(', ')}:`;
  },
  forgetKeep: (count: number): string => `keep ${plural(count, 'snapshot', 'snapshots')}:`,
  forgetRemove: (count: number): string => `remove ${plural(count, 'snapshot', 'snapshots')}:`,
  keptByTags: (tags: string): string => `has tags [${tags}]`,
  keptWithin: (span: string): string => `within ${span}`,
  keptCount: (of: Unit, oldest: boolean): string => `${oldest ? 'oldest ' : ''}${of} snapshot`,
  keptBucketWithin: (of: BucketName, oldest: boolean, span: string): string =>
    `${oldest ? 'oldest ' : ''}${of} within ${span}`,
  keptAmongVerified: (rule: string): string => `${rule} (among verified)`,
  keptAmongSettled: (rule: string): string => `${rule} (leaving out what came lately, or with a doubtful time)`,
  keptHeld: (by: readonly string[]): string => (by.length === 0 ? 'held' : `held (${by.join(', ')})`),
  keptFrozen: (): string => 'frozen: the newest one looks like damage',
  keptFuture: (): string => 'from the future',
  keptLastVerified: (): string => 'newest verified',
  keptNotCovered: (): string => 'no newer verified one covers it',
  goesByNoRule: (): string => 'no rule keeps it',
  goesAsNamed: (): string => 'named',
  goesAsCovered: (by: string): string => `covered by ${by}`,

  forgetNothing: (): string => 'no snapshot is to be removed',
  forgetDryRun: (count: number): string => `dry run: ${plural(count, 'snapshot', 'snapshots')} would be removed`,
  askForget: (count: number, prune: boolean): string =>
    `Remove ${plural(count, 'snapshot', 'snapshots')}${prune ? ', and prune' : ''}?`,
  forgetDeclined: (): string => 'nothing was removed',
  forgetDone: (count: number): string => `${plural(count, 'snapshot was', 'snapshots were')} removed`,
  forgetFailed: (count: number): string => `${plural(count, 'snapshot', 'snapshots')} could not be removed`,
  forgetPruneHint: (): string => 'their data stays until `mailkeep prune`',

  tagsUnchanged: (): string => 'no snapshot was changed',
  tagsChanged: (count: number): string => `${plural(count, 'snapshot was', 'snapshots were')} changed`,
  tagChanged: (from: string, to: string): string => `snapshot ${from} is now ${to}`,
};
