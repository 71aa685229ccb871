import { asFault, isFault } from '../../model/fault.ts';
import { usedPercent } from '../../model/disk-space.ts';
import { formatBytes } from '../../model/size.ts';
import { componentsOf, surveyOf } from '../../registry/server.ts';
import { spaceAt } from '../../system/mounted-disk.ts';
import type { CommandContext } from '../context.ts';
import { checkFileSystem, checkSmart } from '../health/check-disk-health.ts';
import { findDisk } from '../server/find-disk.ts';
import { componentPartsOf } from '../server/capture-server.ts';
import type { ServerJob } from '../server/server-job.ts';
import { checkChosen, checkStack } from './check-stack.ts';
import { failed, type Tell } from './finding.ts';

const checkSources = async (
  { name, entry }: ServerJob,
  { run, messages }: CommandContext,
  tell: Tell,
): Promise<void> => {
  const { files, bytes, faults, unreadable } = await surveyOf(entry, run);
  if (unreadable === 0) {
    const message = messages.doctorSources(files, formatBytes(bytes));
    tell({ state: 'ok', subject: name, check: 'sources', message });
    return;
  }
  for (const fault of faults) tell(failed(name, 'sources', fault));
};

const checkDisk = async ({ name, entry }: ServerJob, { run, messages }: CommandContext, tell: Tell): Promise<void> => {
  const { disk } = entry;
  if (disk === undefined) return;
  try {
    const mountPoint = await findDisk(disk, run);
    tell({ state: 'ok', subject: name, check: 'disk', message: messages.doctorDisk(disk.path, mountPoint) });
    const space = await spaceAt(disk.path);
    const percent = usedPercent(space);
    const common = {
      subject: name,
      check: 'space',
      message: messages.doctorSpace(formatBytes(space.free), percent),
    } as const;
    if (percent <= disk.warnAt) tell({ ...common, state: 'ok' });
    else tell({ ...common, state: 'warning', hint: messages.doctorDiskSpaceHint() });
    const findings = [
      ...(await checkSmart(disk.path, messages, run)),
      ...(await checkFileSystem(disk.path, messages, run)),
    ];
    for (const { isKnown: _known, ...finding } of findings) tell({ ...finding, subject: name });
  } catch (error) {
    tell(failed(name, 'disk', error));
  }
};

/** Opens every database, which asks it what it has, and dumps nothing. */
const checkDatabases = async (job: ServerJob, context: CommandContext, tell: Tell): Promise<void> => {
  const parts = { ...componentPartsOf(job, context), place: 'disk', takesOver: true, rescan: false } as const;
  const components = await componentsOf(job.entry.components, parts);
  for (const component of components.filter(({ form }) => form === 'dump')) {
    try {
      const source = await component.open(context.run);
      const message = context.messages.doctorDatabase(component.name, source.description);
      await source.close();
      tell({ state: 'ok', subject: job.name, check: 'database', message });
      await checkChosen(job, component.name, context, tell);
    } catch (error) {
      if (isFault(error, 'interrupted')) throw error;
      tell(failed(job.name, 'database', asFault(error)));
    }
  }
};

/** Tries what the night of a server needs, and writes nothing that stays. */
export const checkServer = async (job: ServerJob, context: CommandContext, tell: Tell): Promise<void> => {
  await checkSources(job, context, tell);
  await checkDisk(job, context, tell);
  await checkDatabases(job, context, tell);
  await checkStack(job, context, tell);
};
