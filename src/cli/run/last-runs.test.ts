import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KnownRun, StepOutcome } from '../../model/run-record.ts';
import { goodJob, goodNight } from '../../operation/report/run-record-fixture.ts';
import { english } from '../catalogue/english.ts';
import { failureTroubles } from './last-runs.ts';

const failed = (code: 'credentials-refused' | 'interrupted'): StepOutcome => ({
  kind: 'failed',
  fault: { code, message: `it is ${code}` },
});

/** `hours` after the fixture's night. */
const night = (hours: number, outcome: StepOutcome): KnownRun => {
  const started = goodJob.started + hours * 3_600_000;
  return { kind: 'finished', record: { ...goodNight, started, jobs: [{ ...goodJob, started, outcome }] } };
};

const troubles = (runs: readonly KnownRun[], lastGood: number | undefined = goodJob.started): readonly string[] =>
  failureTroubles({ name: goodJob.name, lastGood }, runs, { messages: english });

describe('A6: what status says of a job whose last capture failed', () => {
  const refused = night(24, failed('credentials-refused'));

  test('it is told until one is good, here or from another machine', () => {
    assert.match(troubles([refused]).join(), /^failed \d{4}-\d\d-\d\d \d\d:\d\d.*: it is credentials-refused$/);
    assert.equal(troubles([refused], undefined).length, 1);
    assert.deepEqual(troubles([night(48, { kind: 'good' }), refused]), []);
    assert.deepEqual(troubles([refused], goodJob.started + 30 * 3_600_000), []);
  });

  test('Ctrl-C, and a run that left it out, say nothing of it', () => {
    assert.deepEqual(troubles([night(24, failed('interrupted')), night(0, { kind: 'good' })]), []);
    const later = [night(48, failed('interrupted')), night(36, { kind: 'skipped', reason: 'not-opened' })];
    assert.equal(troubles([...later, refused]).length, 1);
    const elsewhere = failureTroubles({ name: 'other', lastGood: undefined }, [refused], { messages: english });
    assert.deepEqual(elsewhere, []);
  });
});
