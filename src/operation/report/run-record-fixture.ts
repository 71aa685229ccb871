import type { JobRecord, RepositoryRecord, RunRecord } from '../../model/run-record.ts';

const night = Date.UTC(2026, 10, 26, 3, 0, 0);

/** A job in which all went well: twelve messages came, three left. */
export const goodJob: JobRecord = {
  name: 'fastmail',
  kind: 'imap',
  host: 'imap.fastmail.com',
  repository: 'main',
  started: night,
  ended: night + 60_000,
  outcome: { kind: 'good' },
  captured: {
    snapshot: '1aabf372'.repeat(8),
    arrived: 12,
    arrivedBytes: 1_468_006,
    gone: 3,
    changedBodies: 0,
    messages: 79_812,
    bytes: 4_724_464_025,
    ledger: { onSource: 79_812, inSnapshot: 79_812, explained: 0, unexplained: 0 },
    addedBytes: 1_500_000,
    storedBytes: 1_100_000,
  },
  lastGood: night + 60_000,
};

export const goodRepository: RepositoryRecord = {
  name: 'main',
  appendOnly: false,
  storedBytes: 3_650_722_201,
  snapshots: 46,
  monthlyCost: { amount: 0.0219, currency: 'USD' },
  verify: { outcome: { kind: 'good' }, readBytes: 127_000_000, packs: 8 },
  forget: { outcome: { kind: 'good' }, removed: 1, kept: 46, frozen: 0 },
  prune: { outcome: { kind: 'good' }, freedBytes: 2_097_152 },
  copies: [{ to: 'offsite', outcome: { kind: 'good' }, snapshots: 1, bytes: 1_100_000 }],
};

/** A night in which all went well. */
export const goodNight: RunRecord = {
  version: 1,
  id: '00000000cafe0026',
  command: 'run',
  trigger: 'schedule',
  program: 'mailkeep 0.1.0',
  machine: 'nas',
  started: night,
  ended: night + 187_000,
  exitCode: 0,
  jobs: [goodJob],
  repositories: [goodRepository],
  faults: [],
  notices: [],
};

/** The night before: nine messages fewer, and as much less stored. */
export const nightBefore: RunRecord = {
  ...goodNight,
  id: '00000000cafe0025',
  started: night - 86_400_000,
  ended: night - 86_400_000 + 180_000,
  jobs: [
    {
      ...goodJob,
      captured: { ...captureOf(goodJob), messages: 79_803 },
      lastGood: night - 86_400_000 + 60_000,
    },
  ],
  repositories: [{ ...goodRepository, storedBytes: 3_649_622_201 }],
};

function captureOf({ captured }: JobRecord): NonNullable<JobRecord['captured']> {
  if (captured === undefined) throw new Error('this job captured nothing');
  return captured;
}

const heldJob: JobRecord = {
  ...goodJob,
  name: 'work/alice@example.com',
  host: 'outlook.office365.com',
  outcome: {
    kind: 'held',
    reasons: [
      { kind: 'account-gone', gone: 4_211, before: 9_800 },
      { kind: 'folder-gone', folder: 'Archive/<b>2019</b>\u001b[31m', gone: 3_900, before: 3_900 },
    ],
  },
  captured: {
    ...captureOf(goodJob),
    arrived: 0,
    arrivedBytes: 0,
    gone: 4_211,
    messages: 5_589,
    bytes: 900_000_000,
    ledger: { onSource: 5_591, inSnapshot: 5_589, explained: 1, unexplained: 1 },
  },
  lastGood: night - 3 * 86_400_000,
};

const failedJob: JobRecord = {
  name: 'old',
  kind: 'imap',
  host: 'imap.example.net',
  repository: 'main',
  started: night + 60_000,
  ended: night + 90_000,
  outcome: {
    kind: 'failed',
    fault: {
      code: 'credentials-refused',
      message: 'imap.example.net does not accept the password of bob',
      hint: 'Make an application password in the settings of the account, and put it into its file.',
    },
  },
};

/** A night in which much went wrong, with names that try to be markup and to move the cursor. */
export const badNight: RunRecord = {
  ...goodNight,
  id: '00000000cafe0027',
  exitCode: 1,
  jobs: [goodJob, heldJob, failedJob],
  repositories: [
    {
      ...goodRepository,
      forget: { outcome: { kind: 'skipped', reason: 'not-verified' }, removed: 0, kept: 46, frozen: 3 },
      verify: {
        outcome: { kind: 'failed', fault: { code: 'pack-damaged', message: 'pack 1aabf372 is damaged' } },
        readBytes: 1_000_000,
        packs: 1,
      },
      copies: [
        {
          to: 'offsite',
          outcome: { kind: 'failed', fault: { code: 'backend-unavailable', message: 'offsite.example.org is silent' } },
          snapshots: 0,
          bytes: 0,
        },
      ],
    },
  ],
  notices: ['checkpoints stay for now: <script>alert(1)</script>'],
};

/** A night whose only trouble is the brake. */
export const brakedNight: RunRecord = { ...goodNight, exitCode: 1, jobs: [goodJob, heldJob] };
