import { z } from 'zod';
import type { BrakeReason } from '../model/damage-brake.ts';
import type { DrillCheckName, DrillFindingKind, DrillSkipReason } from '../model/drill/drill-record.ts';
import type { FaultCode } from '../model/fault.ts';
import type { LackReason, RunRecord, RunStart, SkipReason } from '../model/run-record.ts';
import type { ProcessStamp } from '../system/process-stamp.ts';

/*
 * Records as they are read back from JSON. Members that a newer version has added are left out, and codes and kinds that
 * this one does not know are kept as they are: they are shown, not acted upon.
 */

const faultCode = z.custom<FaultCode>((value) => typeof value === 'string');
const brakeReason = z.custom<BrakeReason>(
  (value) => typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string',
);
const lackReason = z.custom<LackReason>((value) => typeof value === 'string');
const skipReason = z.custom<SkipReason>((value) => typeof value === 'string');
const fault = z.object({ code: faultCode, message: z.string(), hint: z.string().exactOptional() });

const outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('good') }),
  z.object({ kind: z.literal('incomplete'), reason: lackReason, count: z.number().default(0) }),
  z.object({ kind: z.literal('held'), reasons: z.array(brakeReason) }),
  z.object({ kind: z.literal('failed'), fault }),
  z.object({ kind: z.literal('skipped'), reason: skipReason }),
]);

const ledger = z.object({
  onSource: z.number(),
  inSnapshot: z.number(),
  explained: z.number(),
  unexplained: z.number(),
});

const captured = z.object({
  snapshot: z.string(),
  arrived: z.number(),
  arrivedBytes: z.number(),
  gone: z.number(),
  changedBodies: z.number(),
  messages: z.number(),
  bytes: z.number().exactOptional(),
  ledger,
  addedBytes: z.number(),
  storedBytes: z.number(),
});

const component = z.object({
  name: z.string(),
  outcome,
  attempts: z.number(),
  duration: z.number(),
  files: z.number(),
  bytes: z.number(),
  writtenBytes: z.number(),
  unreadable: z.number(),
});

const backups = z.object({ count: z.number(), bytes: z.number() });

const disk = z.object({
  path: z.string(),
  mountPoint: z.string(),
  total: z.number(),
  used: z.number(),
  free: z.number(),
  usedPercent: z.number(),
  warnAt: z.number(),
  daily: backups,
  weekly: backups,
  forecast: z.object({ bytesPerDay: z.number(), days: z.number() }).exactOptional(),
});

const scrub = z.object({
  files: z.number(),
  bytes: z.number(),
  bad: z.number(),
  mended: z.number(),
  since: z.number().exactOptional(),
});

const server = z.object({
  components: z.array(component),
  disk: disk.exactOptional(),
  backup: z.string().exactOptional(),
  snapshot: z.string().exactOptional(),
  removed: z.number(),
  scrub: scrub.exactOptional(),
  isCritical: z.boolean(),
  warnings: z.array(z.string()),
});

const job = z.object({
  name: z.string(),
  kind: z.enum(['imap', 'server']),
  host: z.string(),
  repository: z.string(),
  started: z.number(),
  ended: z.number(),
  outcome,
  captured: captured.exactOptional(),
  server: server.exactOptional(),
  lastGood: z.number().exactOptional(),
});

const repository = z.object({
  name: z.string(),
  appendOnly: z.boolean(),
  storedBytes: z.number().exactOptional(),
  snapshots: z.number().exactOptional(),
  monthlyCost: z.object({ amount: z.number(), currency: z.string() }).exactOptional(),
  verify: z.object({ outcome, readBytes: z.number(), packs: z.number() }).exactOptional(),
  forget: z.object({ outcome, removed: z.number(), kept: z.number(), frozen: z.number() }).exactOptional(),
  prune: z.object({ outcome, freedBytes: z.number() }).exactOptional(),
  hold: z.object({ outcome, extended: z.number(), held: z.number() }).exactOptional(),
  copies: z.array(z.object({ to: z.string(), outcome, snapshots: z.number(), bytes: z.number() })),
});

const checkName = z.custom<DrillCheckName>((value) => typeof value === 'string');
const findingKind = z.custom<DrillFindingKind>((value) => typeof value === 'string');
const skipOfDrill = z.custom<DrillSkipReason>((value) => typeof value === 'string');

const drill = z.object({
  server: z.string(),
  backup: z.string(),
  backupTime: z.number(),
  isComplete: z.boolean(),
  share: z.number(),
  messages: z.number(),
  wholeMessages: z.number(),
  accounts: z.number(),
  checks: z.array(
    z.object({
      name: checkName,
      outcome: z.enum(['passed', 'failed', 'skipped']),
      looked: z.number(),
      findings: z.array(z.object({ kind: findingKind, subject: z.string(), count: z.number(), detail: z.string() })),
      found: z.number(),
      skips: z.array(z.object({ reason: skipOfDrill, detail: z.string() })),
    }),
  ),
  times: z.array(
    z.object({
      name: z.string(),
      measured: z.number(),
      whole: z.number(),
      bytes: z.number(),
      wholeBytes: z.number(),
    }),
  ),
  recovery: z.number(),
  dataAge: z.number(),
  programs: z.array(z.object({ name: z.string(), image: z.string().exactOptional() })).default([]),
  tables: z.record(z.string(), z.number()),
  trend: z.array(
    z.object({
      time: z.number(),
      verdict: z.enum(['passed', 'failed']),
      recovery: z.number(),
      dataAge: z.number(),
      messages: z.number(),
    }),
  ),
});

const start = z.object({
  version: z.literal(1),
  id: z.string(),
  command: z.enum(['run', 'maintain', 'drill']),
  trigger: z.enum(['person', 'schedule']),
  program: z.string(),
  machine: z.string(),
  configuration: z.string().exactOptional(),
  started: z.number(),
});

const record = start.extend({
  ended: z.number(),
  exitCode: z.number(),
  jobs: z.array(job),
  repositories: z.array(repository),
  drill: drill.exactOptional(),
  faults: z.array(fault),
  notices: z.array(z.string()),
});

const stamp = z.object({
  pid: z.number(),
  start: z.string(),
  boot: z.string(),
  namespace: z.string(),
  machine: z.string(),
});

const fromJson = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
};

/** Undefined: it is none, or of a newer version. */
export const parseRecord = (json: string): RunRecord | undefined => record.safeParse(fromJson(json)).data;

/** What a run leaves when it begins: its start, and which process it is where the system says so. */
export interface BegunRun {
  readonly start: RunStart;
  readonly process?: ProcessStamp;
}

const begun = z.object({ start, process: stamp.exactOptional() });

export const parseBegun = (json: string): BegunRun | undefined => begun.safeParse(fromJson(json)).data;
