import { formatBytes } from '../../model/size.ts';
import type { RepositoryRecord, StepOutcome } from '../../model/run-record.ts';
import type { UpkeepStep } from '../../operation/night/upkeep.ts';
import type { Messages } from '../catalogue/english.ts';

interface StepReport {
  readonly outcome: StepOutcome;
  /** What it did, for people; for when it has not failed. */
  readonly line: string;
  /** The same as members of JSON. */
  readonly counts: Readonly<Record<string, string | number>>;
}

/** The step that was just done. */
const reportOf = (step: UpkeepStep, record: RepositoryRecord, messages: Messages): StepReport | undefined => {
  switch (step) {
    case 'verify': {
      if (record.verify === undefined) return undefined;
      const { outcome, packs, readBytes } = record.verify;
      const line = messages.upkeepVerified(packs, formatBytes(readBytes));
      return { outcome, line, counts: { packs_read: packs, bytes_read: readBytes } };
    }
    case 'forget': {
      if (record.forget === undefined) return undefined;
      const { outcome, removed, kept, frozen } = record.forget;
      return { outcome, line: messages.upkeepForgotten(removed, kept, frozen), counts: { removed, kept, frozen } };
    }
    case 'prune': {
      if (record.prune === undefined) return undefined;
      const { outcome, freedBytes } = record.prune;
      return { outcome, line: messages.upkeepPruned(formatBytes(freedBytes)), counts: { bytes_freed: freedBytes } };
    }
    case 'hold': {
      if (record.hold === undefined) return undefined;
      const { outcome, extended, held } = record.hold;
      return { outcome, line: messages.upkeepHeld(extended, held), counts: { extended, held_already: held } };
    }
    case 'copy': {
      const last = record.copies.at(-1);
      if (last === undefined) return undefined;
      const { outcome, to, snapshots, bytes } = last;
      const counts = { to, snapshots_copied: snapshots, bytes_written: bytes };
      return { outcome, line: messages.upkeepCopied(to, snapshots, formatBytes(bytes)), counts };
    }
  }
};

/** What a person reads of a step. */
export const stepLines = (step: UpkeepStep, record: RepositoryRecord, messages: Messages): readonly string[] => {
  const report = reportOf(step, record, messages);
  if (report === undefined) return [];
  const { outcome, line } = report;
  switch (outcome.kind) {
    case 'good':
    case 'held':
      return [line];
    case 'incomplete':
      return [line, messages.upkeepIncomplete(messages.reasonLacking(outcome.reason, outcome.count))];
    case 'skipped':
      return [messages.upkeepSkipped(step, messages.reasonSkipped(outcome.reason))];
    case 'failed': {
      const { message, hint } = outcome.fault;
      return [messages.upkeepFailed(step, message), ...(hint === undefined ? [] : [`  ${messages.hint(hint)}`])];
    }
  }
};

/** A step as a line of `--json`. */
export const stepJson = (step: UpkeepStep, record: RepositoryRecord, messages: Messages): string | undefined => {
  const report = reportOf(step, record, messages);
  if (report === undefined) return undefined;
  const { outcome, counts } = report;
  return JSON.stringify({
    message_type: 'step',
    repository: record.name,
    step,
    outcome: outcome.kind,
    ...counts,
    ...(outcome.kind === 'failed'
      ? { fault: outcome.fault.code, message: outcome.fault.message, hint: outcome.fault.hint }
      : {}),
    ...(outcome.kind === 'skipped' || outcome.kind === 'incomplete' ? { reason: outcome.reason } : {}),
    ...(outcome.kind === 'incomplete' ? { count: outcome.count } : {}),
  });
};
