import { datedPlace } from '../../model/dated-name.ts';
import { usedPercent } from '../../model/disk-space.ts';
import type { BrakeReason } from '../../model/damage-brake.ts';
import type { KnownRun } from '../../model/run-record.ts';
import { formatBytes } from '../../model/size.ts';
import { datedStoreAt } from '../../registry/server.ts';
import { spaceAt } from '../../system/mounted-disk.ts';
import { brakeText } from '../account/brake-text.ts';
import type { CommandContext } from '../context.ts';
import { failed, type Tell } from '../doctor/finding.ts';
import { localTime } from '../render/local-time.ts';
import { requireDisk } from '../server/find-disk.ts';
import type { ServerJob } from '../server/server-job.ts';
import { lookAtRepository } from '../server/server-status.ts';
import { checkFileSystem, checkSmart } from './check-disk-health.ts';
import { forecastFor } from './space-points.ts';

/** All that is known of how the disk of a server is. Writes nothing. */
export const healthOfServer = async (
  job: ServerJob,
  runs: readonly KnownRun[],
  context: CommandContext,
  tell: Tell,
): Promise<void> => {
  const { disk } = job.entry;
  if (disk === undefined) {
    await tellSnapshots(job, context, tell);
    return;
  }
  const { messages, run } = context;
  const { path } = disk;
  try {
    await requireDisk(disk, run);
    const findings = [...(await checkSmart(path, messages, run)), ...(await checkFileSystem(path, messages, run))];
    for (const { isKnown: _known, ...finding } of findings) tell({ ...finding, subject: job.name });
    const space = await spaceAt(path);
    const percent = usedPercent(space);
    const forecast = forecastFor(job.name, runs, space);
    const room = messages.doctorSpace(formatBytes(space.free), percent);
    const full =
      forecast === undefined ? [] : [messages.spaceForecast(forecast.days, formatBytes(forecast.bytesPerDay))];
    const state = percent <= disk.warnAt ? 'ok' : 'warning';
    tell({ state, subject: job.name, check: 'space', message: [room, ...full].join('; ') });
    await tellBackups(job, context, tell);
  } catch (error) {
    tell(failed(job.name, 'disk', error));
  }
};

/** Of a server without a disk: what a person has to confirm. */
const tellSnapshots = async (job: ServerJob, context: CommandContext, tell: Tell): Promise<void> => {
  try {
    const { brake } = (await lookAtRepository(job, context)) ?? { brake: { reasons: [], isUnjudged: false } };
    tellAlarms(job, brake.reasons, context, tell);
    if (brake.isUnjudged) {
      const message = context.messages.serverUnjudged(job.name);
      tell({ state: 'failed', subject: job.name, check: 'alarm', message });
    }
  } catch (error) {
    tell(failed(job.name, 'repository', error));
  }
};

const tellAlarms = (
  { name }: ServerJob,
  reasons: readonly BrakeReason[],
  { messages }: CommandContext,
  tell: Tell,
): void => {
  const hint = messages.serverHeld(name);
  for (const reason of reasons) {
    tell({ state: 'failed', subject: name, check: 'alarm', message: brakeText(reason, messages), hint });
  }
};

/** What was read again, what is damaged, and what a person has to confirm. */
const tellBackups = async (job: ServerJob, context: CommandContext, tell: Tell) => {
  const { name, entry, config } = job;
  const { run, messages } = context;
  const { disk } = entry;
  if (disk === undefined) return;
  const store = await datedStoreAt({ disk, timeZone: config.timeZone, wait: 0 });
  try {
    const backups = await store.backups(run);
    for (const backup of backups.filter(({ damaged }) => damaged === true)) {
      const message = messages.serverDamaged(datedPlace(backup.name));
      tell({ state: 'failed', subject: name, check: 'scrub', message, hint: `mailkeep scrub ${name} --repair` });
    }
    const verified = backups.flatMap((backup) => (backup.damaged === true ? [] : [backup.verified]));
    const known = verified.filter((time) => time !== undefined);
    const message =
      known.length < verified.length || known.length === 0
        ? messages.scrubNotAllRead()
        : messages.scrubAllRead(localTime(BigInt(Math.min(...known)) * 1_000_000n));
    tell({ state: 'ok', subject: name, check: 'scrub', message });
    tellAlarms(job, (await store.alarms(run)).open?.reasons ?? [], context, tell);
  } finally {
    await store.close();
  }
};
