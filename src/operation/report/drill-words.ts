import type {
  DrillCheck,
  DrillCheckName,
  DrillFinding,
  DrillProgram,
  DrillSkip,
} from '../../model/drill/drill-record.ts';

/** What is said of a drill. Times and bytes come as text. */
export interface DrillWords {
  readonly drillHeadline: (server: string, passed: boolean, findings: number, skipped: number) => string;
  /** Of one that a fault has ended. */
  readonly drillNotDone: () => string;
  readonly drillBackup: (backup: string, time: string, age: string) => string;
  readonly drillIncomplete: () => string;
  readonly drillSample: (messages: number, whole: number, percent: string) => string;
  readonly drillAll: (messages: number, accounts: number) => string;
  readonly drillProgram: (program: DrillProgram) => string;
  /** As `drillProgram` has told each. */
  readonly drillPrograms: (programs: readonly string[]) => string;
  readonly drillCheck: (name: DrillCheckName) => string;
  readonly drillOutcome: (outcome: DrillCheck['outcome']) => string;
  readonly drillLooked: (name: DrillCheckName, count: number) => string;
  readonly drillFinding: (finding: DrillFinding) => string;
  readonly drillMore: (count: number) => string;
  readonly drillSkip: (skip: DrillSkip) => string;
  readonly drillTimes: () => string;
  readonly drillTime: (name: string, measured: string, whole: string) => string;
  readonly drillStart: () => string;
  readonly drillRecovery: (time: string) => string;
  readonly drillGoal: (goal: string) => string;
  readonly drillTrend: () => string;
  readonly drillPoint: (time: string, passed: boolean, recovery: string, age: string) => string;
  readonly drillChecks: () => string;
  readonly drillSubject: (server: string, date: string) => string;
}
