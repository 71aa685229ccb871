import { displayText } from '../../model/byte-string.ts';
import { terminalLine } from '../../mail/terminal-text.ts';
import type { KeepReason, ReleaseReason, RetentionDecision, RetentionGroup } from '../../model/retention.ts';
import { formatKeepSpan } from '../../model/retention-policy.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Messages } from '../catalogue/english.ts';
import { localTime } from './local-time.ts';
import { tableLines } from './table.ts';

const keepText = (reason: KeepReason, messages: Messages): string => {
  switch (reason.kind) {
    case 'tags':
      return messages.keptByTags(reason.tags.map(terminalLine).join(', '));
    case 'within':
      return messages.keptWithin(formatKeepSpan(reason.span));
    case 'count':
      return messages.keptCount(reason.of, reason.oldest);
    case 'bucket-within':
      return messages.keptBucketWithin(reason.of, reason.oldest, formatKeepSpan(reason.span));
    case 'among-verified':
      return reason.rules.map((rule) => messages.keptAmongVerified(keepText(rule, messages))).join('; ');
    case 'among-settled':
      return reason.rules.map((rule) => messages.keptAmongSettled(keepText(rule, messages))).join('; ');
    case 'held':
      return messages.keptHeld(reason.by);
    case 'frozen':
      return messages.keptFrozen();
    case 'future':
      return messages.keptFuture();
    case 'last-verified':
      return messages.keptLastVerified();
    case 'not-covered':
      return messages.keptNotCovered();
  }
};

const releaseText = (reason: ReleaseReason, messages: Messages): string => {
  switch (reason.kind) {
    case 'no-rule':
      return messages.goesByNoRule();
    case 'named':
      return messages.goesAsNamed();
    case 'covered':
      return messages.goesAsCovered(reason.by.slice(0, 8));
  }
};

const reasonsOf = (decision: RetentionDecision<Snapshot>, messages: Messages): readonly string[] =>
  decision.verdict === 'keep'
    ? decision.reasons.map((reason) => keepText(reason, messages))
    : [releaseText(decision.reason, messages)];

const table = (
  decisions: readonly RetentionDecision<Snapshot>[],
  compact: boolean,
  messages: Messages,
): readonly string[] => {
  const { id, time, host, tags, reasons, paths } = messages.forgetColumns();
  const rows = [...decisions].reverse().map((decision) => {
    const { snapshot } = decision;
    const why = reasonsOf(decision, messages);
    return [
      [snapshot.id.slice(0, 8)],
      [localTime(snapshot.time.nanoseconds)],
      [terminalLine(snapshot.hostname)],
      [snapshot.tags.map(terminalLine).join(',')],
      compact ? [why.join('; ')] : why,
      ...(compact ? [] : [snapshot.paths.map(displayText)]),
    ];
  });
  return tableLines([id, time, host, tags, reasons, ...(compact ? [] : [paths])], rows);
};

/** The decisions over a group as a person reads them: what stays and what goes, oldest first, each with its reasons. */
export const retentionLines = (
  { key, decisions }: RetentionGroup<Snapshot>,
  compact: boolean,
  messages: Messages,
): readonly string[] => {
  const { hostname, tags, paths } = key;
  const kept = decisions.filter(({ verdict }) => verdict === 'keep');
  const removed = decisions.filter(({ verdict }) => verdict === 'remove');
  return [
    messages.forgetGroup(
      hostname === undefined ? undefined : terminalLine(hostname),
      tags?.map(terminalLine).join(', '),
      paths?.map(displayText).join(', '),
    ),
    ...(kept.length === 0 ? [] : ['', messages.forgetKeep(kept.length), ...table(kept, compact, messages)]),
    ...(removed.length === 0 ? [] : ['', messages.forgetRemove(removed.length), ...table(removed, compact, messages)]),
    '',
  ];
};
