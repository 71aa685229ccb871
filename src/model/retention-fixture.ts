import { byteStringOfText } from './byte-string.ts';
import type { RetentionDecision, RetentionPlan } from './retention.ts';
import { ruleText } from './retention-rules.ts';
import type { Snapshot } from './snapshot.ts';

/** A snapshot of a time as RFC 3339 has it, offset and all. `name` begins its id. */
export const snapshotAt = (name: string, time: string, more: Partial<Snapshot> = {}): Snapshot => {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(time) ?? [];
  const offset = hours === undefined ? 0 : Number(hours) * 60 + Number(minutes);
  return {
    id: name.padEnd(64, '0'),
    originalId: name.padEnd(64, '0'),
    time: { nanoseconds: nanosecondsOf(time), offsetMinutes: sign === '-' ? -offset : offset },
    paths: [byteStringOfText('/mail')],
    hostname: 'alpha',
    username: '',
    uid: 0,
    gid: 0,
    excludes: [],
    tags: [],
    ...more,
  };
};

export const nanosecondsOf = (time: string): bigint => BigInt(Date.parse(time)) * 1_000_000n;

const whyOf = (decision: RetentionDecision<Snapshot>): string => {
  if (decision.verdict === 'remove') {
    const { reason } = decision;
    return reason.kind === 'covered' ? `covered by ${reason.by.replace(/0+$/, '')}` : reason.kind;
  }
  const texts = decision.reasons.map((reason) => {
    switch (reason.kind) {
      case 'tags':
      case 'within':
      case 'count':
      case 'bucket-within':
        return ruleText(reason);
      case 'among-verified':
        return `among verified ${reason.rules.map(ruleText).join(' and ')}`;
      case 'among-settled':
        return `among settled ${reason.rules.map(ruleText).join(' and ')}`;
      default:
        return reason.kind;
    }
  });
  return texts.join(', ');
};

/** `keep b: last snapshot`, newest first. */
export const planLines = (plan: RetentionPlan<Snapshot>): readonly string[] =>
  plan.groups.flatMap(({ decisions }) =>
    decisions.map((decision) => `${decision.verdict} ${decision.snapshot.id.replace(/0+$/, '')}: ${whyOf(decision)}`),
  );
