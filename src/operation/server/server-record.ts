import { datedPlace } from '../../model/dated-name.ts';
import {
  type ComponentRecord,
  recordedFault,
  type ScrubRecord,
  type ServerRecord,
  type StepOutcome,
} from '../../model/run-record.ts';
import type { ScrubbedNight } from './scrub-disk-night.ts';
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
  if (night.backup?.state === 'incomplete') return { kind: 'incomplete', reason: 'parts-missing', count: 0 };
  return night.brake.length > 0 ? { kind: 'held', reasons: night.brake } : { kind: 'good' };
};

const scrubOf = ({ scrub, mended }: ScrubbedNight): ScrubRecord => ({
  files: scrub.files,
  bytes: scrub.bytes,
  bad: scrub.bad.length,
  mended: mended.filter(({ outcome }) => outcome.kind === 'mended').length,
  ...(scrub.since === undefined ? {} : { since: scrub.since }),
});

/** A night as the record of the run keeps it. */
export const serverRecord = (night: ServerNight): ServerRecord => {
  const { disk, backup, weekly, repository, removed, scrubbed, isCritical, warnings } = night;
  const published = backup ?? weekly;
  return {
    components: componentsOf(night),
    ...(disk === undefined ? {} : { disk }),
    ...(published === undefined ? {} : { backup: datedPlace(published.name) }),
    ...(repository === undefined ? {} : { snapshot: repository.snapshot }),
    removed,
    ...(scrubbed === undefined ? {} : { scrub: scrubOf(scrubbed) }),
    isCritical,
    warnings,
  };
};
