import type { BadFile, DatedStore, DiskScrub, MendedFile, MendWish, Rescue } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import { displayText } from '../../model/byte-string.ts';
import { datedPlace } from '../../model/dated-name.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { formatBytes } from '../../model/size.ts';
import type { Pace } from './paced-component.ts';

/** What a night reads again of its disk. */
export interface ScrubSetting {
  /** Milliseconds within which all of it is read. */
  readonly within: number;
  /** Mend what has a good copy. */
  readonly repair: boolean;
  readonly pace?: Pace;
  /** Where a file may be that has no good copy on the disk. */
  readonly rescue?: Rescue;
}

export interface ScrubbedNight {
  readonly scrub: DiskScrub;
  readonly mended: readonly MendedFile[];
  /** Damage that stays. */
  readonly damage: Fault | undefined;
}

const log = (run: Run, level: 'INFO' | 'ERROR' | 'WARNING', message: string): void =>
  run.emit({ kind: 'log', level, component: 'SCRUB', message });

/** A bad file for people: one of its names, and how many backups have it. */
export const badFileText = ({ names, kind }: BadFile): string => {
  const [first, ...others] = names;
  if (first === undefined) return '';
  const more = others.length === 0 ? '' : ` and under ${others.length} more names`;
  const what = { missing: 'is missing', differs: 'does not hold what was written', unreadable: 'cannot be read' };
  return `${datedPlace(first.backup)}/${displayText(first.path)}${more} ${what[kind]}`;
};

const tellBad = (file: BadFile, run: Run): void => {
  log(run, 'ERROR', badFileText(file));
  // Every day and path that it touches is named.
  for (const { backup, path } of file.names.slice(1)) {
    log(run, 'ERROR', `the same file: ${datedPlace(backup)}/${displayText(path)}`);
  }
};

const damageOf = (left: readonly BadFile[], repair: boolean): Fault | undefined => {
  const [first] = left;
  if (first === undefined) return undefined;
  const days = new Set(left.flatMap(({ names }) => names.map(({ backup }) => datedPlace(backup))));
  const count = left.length === 1 ? 'a file' : `${left.length} files`;
  const message = `${count} of the disk went bad, in ${days.size} backups, so nothing leaves tonight: ${badFileText(first)}`;
  const hint = repair
    ? 'No good copy is known. The next backup captures anew what the source still has. Look at the disk: smartctl -a.'
    : '`mailkeep scrub --repair` shows what has a good copy, and mends it. Look at the disk first: smartctl -a.';
  return new Fault('verification-failed', message, { hint });
};

/** Undefined: somebody restores from the disk, so that nothing of it is exchanged now. */
const mendUnlessRead = async (
  store: Pick<DatedStore, 'mend'>,
  wish: MendWish,
  run: Run,
): Promise<readonly MendedFile[] | undefined> => {
  try {
    return await store.mend(wish, run);
  } catch (error) {
    if (!isFault(error, 'run-under-way')) throw error;
    log(run, 'WARNING', `nothing is mended tonight: ${error.message}`);
    return undefined;
  }
};

/** Reads some of a disk again, and mends what was found to be bad where that is wished. */
export const scrubDiskNight = async (
  store: Pick<DatedStore, 'scrub' | 'mend'>,
  { within, repair, pace, rescue }: ScrubSetting,
  run: Run,
): Promise<ScrubbedNight> => {
  const amount = { kind: 'within', within } as const;
  const scrub = await store.scrub(pace === undefined ? { amount } : { amount, pace }, run);
  const { slices, files, bytes, bad } = scrub;
  log(run, 'INFO', `${files} files, ${formatBytes(bytes)} of older days read again (${slices}/256), ${bad.length} bad`);
  for (const file of bad) tellBad(file, run);
  if (bad.length === 0 || !repair) return { scrub, mended: [], damage: damageOf(bad, repair) };
  const mended = await mendUnlessRead(store, rescue === undefined ? { dryRun: false } : { dryRun: false, rescue }, run);
  if (mended === undefined) return { scrub, mended: [], damage: damageOf(bad, false) };
  for (const file of mended.filter(({ outcome }) => outcome.kind === 'mended')) {
    const from = file.outcome.kind === 'mended' ? file.outcome.from : '';
    log(run, 'WARNING', `mended from ${from}: ${badFileText(file)}`);
  }
  const left = mended.filter(({ outcome }) => outcome.kind !== 'mended');
  return { scrub, mended, damage: damageOf(left, repair) };
};
