import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FaultCode } from '../../model/fault.ts';
import type { JobRecord, RepositoryRecord, StepOutcome } from '../../model/run-record.ts';
import { exitCode } from '../exit-code.ts';
import { runExitCode } from './run-exit-code.ts';

const good: StepOutcome = { kind: 'good' };
const failed = (code: FaultCode): StepOutcome => ({ kind: 'failed', fault: { code, message: 'no' } });
const kept = (outcome: StepOutcome): RepositoryRecord => ({
  name: 'main',
  appendOnly: false,
  verify: { outcome, readBytes: 0, packs: 0 },
  forget: { outcome: { kind: 'skipped', reason: 'not-verified' }, removed: 0, kept: 0, frozen: 0 },
  copies: [],
});
const exitOf = (...outcomes: readonly StepOutcome[]): number =>
  runExitCode({ jobs: [], repositories: outcomes.map(kept), faults: [] });

describe('the exit code of a run without captures', () => {
  test('a repository that cannot be opened has the exit code that every command has for it', () => {
    assert.equal(exitOf(failed('wrong-password')), exitCode.wrongPassword);
    assert.equal(exitOf(failed('repository-locked'), good), exitCode.locked);
    assert.equal(exitOf(failed('repository-missing')), exitCode.noRepository);
  });

  test('damage, and several that failed each in its own way, end with 1', () => {
    assert.equal(exitOf(failed('pack-damaged')), exitCode.incomplete);
    assert.equal(exitOf(failed('wrong-password'), failed('repository-locked')), exitCode.incomplete);
    assert.equal(exitOf(good), exitCode.good);
  });
});

describe('the exit code of a run with servers', () => {
  const job = (code: FaultCode, isCritical: boolean, snapshot?: string): JobRecord => ({
    name: 'mailserver',
    kind: 'server',
    host: 'mail',
    repository: '/mnt/disk',
    started: 0,
    ended: 0,
    outcome: failed(code),
    server: { components: [], removed: 0, isCritical, warnings: [], ...(snapshot === undefined ? {} : { snapshot }) },
  });
  const exitOfJobs = (...jobs: readonly JobRecord[]): number => runExitCode({ jobs, repositories: [], faults: [] });

  test('B7: a disk that is missing or full is fatal, unless the backup went elsewhere', () => {
    assert.equal(exitOfJobs(job('disk-missing', true)), exitCode.fatal);
    assert.equal(exitOfJobs(job('disk-full', true, '1aabf372')), exitCode.incomplete);
  });

  test('B7: a component that failed, and a failed verification, end with 1', () => {
    assert.equal(exitOfJobs(job('credentials-refused', false)), exitCode.incomplete);
    assert.equal(exitOfJobs(job('verification-failed', false)), exitCode.incomplete);
    assert.equal(exitOfJobs(job('disk-full', true), job('verification-failed', false)), exitCode.incomplete);
  });
});
