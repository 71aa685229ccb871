import { datedPlace } from '../../model/dated-name.ts';
import { type ComponentRecord, recordedFault, type ServerRecord, type StepOutcome } from '../../model/run-record.ts';
import type { ServerNight } from './server-night.ts';

const componentsOf = ({ captured, failed, attempts }: ServerNight): readonly ComponentRecord[] => {
  const good = captured.map(({ name, duration, counts, writtenBytes, unreadable }): ComponentRecord => {
    const outcome: StepOutcome =
      unreadable === 0 ? { kind: 'good' } : { kind: 'incomplete', reason: 'unreadable', count: unreadable };
    const { files, bytes } = counts;
    return { name, outcome, attempts: attempts.get(name) ?? 1, duration, files, bytes, writtenBytes, unreadable };
  });
  const bad = failed.map(({ name, fault, attempts }): ComponentRecord => {
    const outcome: StepOutcome = { kind: 'failed', fault: recordedFault(fault) };
    return { name, outcome, attempts, duration: 0, files: 0, bytes: 0, writtenBytes: 0, unreadable: 0 };
  });
  return [...good, ...bad];
};

/** What failed is told before what is merely incomplete. */
export const serverOutcome = (night: ServerNight): StepOutcome => {
  const [fault] = night.faults;
  if (fault !== undefined) return { kind: 'failed', fault: recordedFault(fault) };
  const captured = night.captured.reduce((sum, one) => sum + one.unreadable, 0);
  const unreadable = Math.max(captured, night.repository?.unreadable ?? 0);
  if (unreadable > 0) return { kind: 'incomplete', reason: 'unreadable', count: unreadable };
  return night.backup?.state === 'incomplete'
    ? { kind: 'incomplete', reason: 'parts-missing', count: 0 }
    : { kind: 'good' };
};

/** A night as the record of the run keeps it. */
export const serverRecord = (night: ServerNight): ServerRecord => {
  const { disk, backup, weekly, repository, removed, isCritical, warnings } = night;
  const published = backup ?? weekly;
  return {
    components: componentsOf(night),
    ...(disk === undefined ? {} : { disk }),
    ...(published === undefined ? {} : { backup: datedPlace(published.name) }),
    ...(repository === undefined ? {} : { snapshot: repository.snapshot }),
    removed,
    isCritical,
    warnings,
  };
};
