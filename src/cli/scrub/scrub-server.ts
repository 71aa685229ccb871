import type { DatedStore, MendedFile, MendWish } from '../../contract/component.ts';
import { Fault } from '../../model/fault.ts';
import { formatBytes } from '../../model/size.ts';
import type { ScrubAmount } from '../../model/scrub-slices.ts';
import { datedStoreAt } from '../../registry/server.ts';
import { confirm, isAttended } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { withRepository } from '../open-repository.ts';
import { contextOfRepository } from '../run/repository-upkeep.ts';
import { findDisk } from '../server/find-disk.ts';
import type { ServerJob } from '../server/server-job.ts';
import { rescueFromRepository } from './rescue-from-repository.ts';
import { mendJson, mendLines, scrubJson, scrubLines } from './scrub-lines.ts';

export interface ScrubServerWish {
  /** Undefined: what is due. */
  readonly amount: ScrubAmount | undefined;
  readonly repair: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
  /** Leave the repository alone. */
  readonly diskOnly: boolean;
  /** Milliseconds to wait for another program on the same disk. */
  readonly wait: number;
}

/** Whether all is well on the disk and in the repository of a server. */
export const scrubServer = async (job: ServerJob, wish: ScrubServerWish, context: CommandContext): Promise<boolean> => {
  const onDisk = await scrubItsDisk(job, wish, context);
  const { repository } = job.entry;
  if (repository === undefined || wish.diskOnly) return onDisk;
  return (await scrubItsRepository(repository, wish, context)) && onDisk;
};

const scrubItsDisk = async (job: ServerJob, wish: ScrubServerWish, context: CommandContext): Promise<boolean> => {
  const { disk } = job.entry;
  const { run, output, options, messages } = context;
  if (disk === undefined) return true;
  await findDisk(disk, run);
  const store = await datedStoreAt({ disk, timeZone: job.config.timeZone, wait: wish.wait });
  try {
    const amount = wish.amount ?? { kind: 'within', within: disk.verifyWithin };
    const scrub = await store.scrub({ amount }, run);
    output.update(undefined);
    const lines = options.json ? [scrubJson(job.name, scrub)] : scrubLines(job.name, scrub, messages);
    for (const line of lines) output.print(line);
    if (wish.repair) return (await repair(store, job, wish, context)) === 0;
    return (await store.backups(run)).every(({ damaged }) => damaged !== true);
  } finally {
    await store.close();
  }
};

/** Returns how many files stay bad. The plan comes first. */
const repair = async (
  store: DatedStore,
  job: ServerJob,
  { dryRun, yes }: ScrubServerWish,
  context: CommandContext,
): Promise<number> => {
  const { run, output, options, messages } = context;
  const rescue = rescueFromRepository(job, context);
  const mend = (wish: MendWish): Promise<readonly MendedFile[]> =>
    store.mend(rescue === undefined ? wish : { ...wish, rescue }, run);
  const tell = (files: readonly MendedFile[]): void => {
    output.update(undefined);
    for (const line of options.json ? mendJson(job.name, files) : mendLines(files, messages)) output.print(line);
  };
  const plan = await mend({ dryRun: true });
  tell(plan);
  if (plan.length === 0 && !options.json) output.print(`  ${messages.scrubNothingToMend()}`);
  const canBe = plan.filter(({ outcome }) => outcome.kind === 'mendable').length;
  // What turned out to be good is noted by the run that does it, also where there is nothing to mend.
  if (dryRun || (canBe > 0 && !(await mayMend(yes, canBe, context)))) return plan.length;
  const done = await mend({ dryRun: false });
  if (canBe > 0) tell(done);
  return done.filter(({ outcome }) => outcome.kind !== 'mended').length;
};

const mayMend = async (yes: boolean, count: number, context: CommandContext): Promise<boolean> => {
  if (yes) return true;
  if (isAttended(context)) return confirm(context.messages.scrubAskMend(count), context);
  throw new Fault('usage', 'this replaces files on the disk, and there is nobody to ask', {
    hint: 'Say --yes, or --dry-run to see what would be done.',
  });
};

const partsOf = (amount: ScrubAmount | undefined): number => {
  if (amount?.kind === 'all') return 1;
  if (amount?.kind === 'share') return Math.max(1, Math.round(1 / amount.share));
  return amount === undefined ? 30 : Math.max(1, Math.round(amount.within / 86_400_000));
};

/** Reads what has waited longest, as each night does. */
const scrubItsRepository = (
  repository: string,
  { amount }: ScrubServerWish,
  context: CommandContext,
): Promise<boolean> =>
  withRepository(contextOfRepository(repository, context), async (opened) => {
    const { checkRepository } = await import('../../store/restic/check/check.ts');
    const { output, options, messages, run } = context;
    const readData = { kind: 'rotation', parts: partsOf(amount) } as const;
    const report = await checkRepository(opened, { readData, random: Math.random, keepEvidence: true }, run);
    output.update(undefined);
    const { packsRead, bytesRead, damage } = report;
    output.print(
      options.json
        ? JSON.stringify({
            message_type: 'scrub_repository',
            repository,
            packs_read: packsRead,
            bytes_read: bytesRead,
            damage,
          })
        : messages.scrubRepository(repository, packsRead, formatBytes(bytesRead), damage),
    );
    return damage === 0;
  });
