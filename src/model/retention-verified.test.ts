import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { byteStringOfText } from './byte-string.ts';
import { type HeldSnapshots, noneHeld, planRetention, removalsOf } from './retention.ts';
import { nanosecondsOf, planLines, snapshotAt } from './retention-fixture.ts';
import { emptyPolicy, type RetentionPolicy } from './retention-policy.ts';
import { planVerifiedRetention, type SnapshotEvidence } from './retention-verified.ts';
import type { TimeDoubt } from './seen-snapshot.ts';
import type { GroupField } from './snapshot-selection.ts';
import { brakedTag, holdTag, incompleteTag, type Snapshot } from './snapshot.ts';

const clock = { now: nanosecondsOf('2026-06-01T12:00:00Z'), zone: () => 0 };
const verified: SnapshotEvidence = { verification: { kind: 'verified', since: clock.now } };
const unread: SnapshotEvidence = { verification: { kind: 'unread' } };

interface Judged {
  readonly snapshot: Snapshot;
  readonly evidence?: SnapshotEvidence;
}

const planOf = (
  judged: readonly Judged[],
  policy: Partial<RetentionPolicy>,
  groupBy: readonly GroupField[] = ['host'],
  settle?: bigint,
  held: HeldSnapshots = noneHeld,
) =>
  planVerifiedRetention(
    judged.map(({ snapshot }) => snapshot),
    new Map(judged.flatMap(({ snapshot, evidence }) => (evidence === undefined ? [] : [[snapshot.id, evidence]]))),
    {
      rules: { policy: { ...emptyPolicy, ...policy }, groupBy: new Set(groupBy), allowRemoveAll: false },
      clock,
      settle,
      held,
    },
  );

const lines = (judged: readonly Judged[], policy: Partial<RetentionPolicy>): readonly string[] =>
  planLines(planOf(judged, policy));

const a = snapshotAt('a', '2026-05-01T03:00:00Z');
const b = snapshotAt('b', '2026-05-02T03:00:00Z');
const c = snapshotAt('c', '2026-05-03T03:00:00Z');

interface Drawn {
  readonly second: number;
  readonly kind: 'verified' | 'unread' | 'damaged' | 'none';
  readonly doubt: TimeDoubt | undefined;
  readonly incomplete: boolean;
  readonly host: string;
}

describe('B3: only what a newer verified snapshot covers is let go', () => {
  test('B3: a newer one that was read back covers', () => {
    const judged = [
      { snapshot: a, evidence: unread },
      { snapshot: b, evidence: verified },
      { snapshot: c, evidence: verified },
    ];
    assert.deepEqual(lines(judged, { last: 1 }), [
      'keep c: last snapshot',
      'remove b: covered by c',
      'remove a: covered by c',
    ]);
  });

  test('B3: while the newer ones are not read back, or damaged, nothing verified is let go', () => {
    const damaged: SnapshotEvidence = { verification: { kind: 'damaged' } };
    const judged = [
      { snapshot: a, evidence: verified },
      { snapshot: b, evidence: damaged },
      { snapshot: c, evidence: unread },
    ];
    assert.deepEqual(lines(judged, { last: 1 }), [
      'keep c: last snapshot',
      'keep b: not-covered',
      'keep a: among verified last snapshot',
    ]);
    assert.deepEqual(lines([{ snapshot: a }, { snapshot: b }], { last: 1 }), [
      'keep b: last snapshot',
      'keep a: not-covered',
    ]);
  });

  test('A8: a braked snapshot covers nothing, and while it is the newest nothing of its source is let go', () => {
    const braked = { ...c, tags: [brakedTag] };
    const before = [
      { snapshot: a, evidence: verified },
      { snapshot: b, evidence: verified },
    ];
    assert.deepEqual(lines([...before, { snapshot: braked, evidence: verified }], { last: 1 }), [
      'keep c: last snapshot',
      'keep b: among verified last snapshot',
      'keep a: frozen',
    ]);
    const confirmed = { ...snapshotAt('d', '2026-05-04T03:00:00Z') };
    assert.deepEqual(
      lines([...before, { snapshot: braked, evidence: verified }, { snapshot: confirmed, evidence: verified }], {
        last: 1,
      }),
      ['keep d: last snapshot', 'remove c: covered by d', 'remove b: covered by d', 'remove a: covered by d'],
    );
  });

  test('A8: a braked snapshot from the future does not hold the brake, nor does a good one take it away', () => {
    const judged = [a, b, c].map((snapshot) => ({ snapshot, evidence: verified }));
    const future = snapshotAt('f', '2036-05-04T03:00:00Z');
    const later = { snapshot: { ...future, tags: [brakedTag] }, evidence: verified };
    assert.deepEqual(lines([...judged, later], { last: 1 }).slice(2), [
      'remove b: covered by c',
      'remove a: covered by c',
    ]);
    const braked = { snapshot: { ...c, tags: [brakedTag] }, evidence: verified };
    const judgedBraked = [...judged.slice(0, 2), braked, { snapshot: future, evidence: verified }];
    assert.equal(lines(judgedBraked, { last: 1 }).at(-1), 'keep a: frozen');
  });

  test('B3: the last good one stays even when no rule keeps it', () => {
    const tagged = { ...c, tags: ['x'] };
    const judged = [
      { snapshot: a, evidence: verified },
      { snapshot: b, evidence: verified },
      { snapshot: tagged, evidence: unread },
    ];
    assert.deepEqual(lines(judged, { tags: [['x']] }), [
      'keep c: has tags [x]',
      'keep b: last-verified',
      'remove a: covered by b',
    ]);
  });

  test('B3: an incomplete snapshot covers nothing', () => {
    const incomplete = { ...c, tags: [incompleteTag] };
    const judged = [
      { snapshot: a, evidence: verified },
      { snapshot: incomplete, evidence: verified },
    ];
    assert.deepEqual(lines(judged, { last: 1 }), ['keep c: last snapshot', 'keep a: among verified last snapshot']);
  });

  test('B3: one of fewer paths, or of another host, covers nothing, however they are grouped', () => {
    const both = { ...a, paths: ['/mail', '/etc'].map(byteStringOfText) };
    const other = { ...b, hostname: 'beta', paths: both.paths };
    const judged = [both, other, c].map((snapshot) => ({ snapshot, evidence: verified }));
    assert.deepEqual(planLines(planOf(judged, { last: 1 }, [])), [
      'keep c: last snapshot',
      'keep b: last-verified',
      'keep a: last-verified',
    ]);
  });

  test('S6: a snapshot from the future covers nothing, takes no place and is left alone', () => {
    const future = Array.from({ length: 5 }, (_, number) => ({
      snapshot: snapshotAt(`f${number + 1}`, `2027-01-0${number + 1}T00:00:00Z`),
      evidence: verified,
    }));
    const judged = [{ snapshot: a, evidence: verified }, { snapshot: b, evidence: verified }, ...future];
    assert.deepEqual(lines(judged, { last: 2, buckets: { daily: 2 } }).slice(-3), [
      'keep f1: future',
      'keep b: last snapshot, daily snapshot',
      'keep a: last snapshot, daily snapshot',
    ]);
  });

  test('S6: snapshots that claim times they cannot have push out nothing, and the brake is not taken away by them', () => {
    const forged = Array.from({ length: 3 }, (_, number) => ({
      snapshot: snapshotAt(`f${number + 1}`, `2026-05-0${number + 1}T23:00:00Z`),
      evidence: { ...verified, doubt: 'late' } as const,
    }));
    const own = [
      { snapshot: a, evidence: verified },
      { snapshot: b, evidence: unread },
      { snapshot: c, evidence: verified },
    ];
    assert.deepEqual(
      lines([...own, ...forged], { buckets: { daily: 3 } }).filter((line) => !line.startsWith('keep f')),
      [
        'keep c: among verified daily snapshot',
        'keep b: among settled daily snapshot',
        'keep a: among verified daily snapshot',
      ],
    );
    const braked = { snapshot: { ...c, tags: [brakedTag] }, evidence: verified };
    const before = [a, b].map((snapshot) => ({ snapshot, evidence: verified }));
    assert.equal(lines([...before, braked, ...forged], { last: 1 }).at(-1), 'keep a: frozen');
  });

  test('S6: what came lately pushes nothing out and covers nothing until it has settled', () => {
    const day = 86_400_000_000_000n;
    const own = [a, b, c].map((snapshot) => ({ snapshot, evidence: verified }));
    const flood = (arrivedAt: bigint): Judged[] =>
      Array.from({ length: 9 }, (_, number) => ({
        snapshot: snapshotAt(`f${number + 1}`, `2026-05-31T0${number + 1}:00:00Z`),
        evidence: { ...verified, arrivedAt },
      }));
    const ofOwn = (arrivedAt: bigint): readonly string[] =>
      planLines(planOf([...own, ...flood(arrivedAt)], { last: 2 }, ['host'], 7n * day)).slice(-3);
    assert.deepEqual(ofOwn(clock.now - 6n * day), [
      'keep c: among verified last snapshot',
      'keep b: among verified last snapshot',
      'remove a: covered by c',
    ]);
    assert.deepEqual(
      ofOwn(clock.now - 7n * day).map((line) => line.slice(0, 8)),
      ['remove c', 'remove b', 'remove a'],
    );
    assert.equal(lines([...own, ...flood(clock.now)], { last: 2 }).at(-1), 'remove a: covered by f9');
  });

  test('S8: what is held stays although it is covered', () => {
    const held = { ...a, tags: [holdTag] };
    const judged = [held, b].map((snapshot) => ({ snapshot, evidence: verified }));
    assert.deepEqual(lines(judged, { last: 1 }), ['keep b: last snapshot', 'keep a: held']);
  });

  test('B3, S6: whatever is claimed, all that goes is covered by a verified one that stays, and strangers evict nothing verified', () => {
    const drawn: fc.Arbitrary<Drawn> = fc.record({
      second: fc.integer({ min: -100 * 86_400, max: 30 * 86_400 }),
      kind: fc.constantFrom('verified' as const, 'unread' as const, 'damaged' as const, 'none' as const),
      doubt: fc.constantFrom(undefined, 'backdated' as const, 'late' as const, 'ahead' as const),
      incomplete: fc.boolean(),
      host: fc.constantFrom('alpha', 'beta'),
    });
    const judgedOf = (values: readonly Drawn[], prefix: string): readonly Judged[] =>
      values.map(({ second, kind, doubt, incomplete, host }, number) => {
        const time = new Date(Number(clock.now / 1_000_000n) + second * 1000).toISOString();
        const snapshot = snapshotAt(`${prefix}${number}x`, time, {
          hostname: host,
          tags: incomplete ? [incompleteTag] : [],
        });
        if (kind === 'none') return { snapshot };
        const verification = kind === 'verified' ? verified.verification : ({ kind } as const);
        return { snapshot, evidence: { verification, ...(doubt === undefined ? {} : { doubt }) } };
      });
    const isTrusted = ({ snapshot, evidence }: Judged): boolean =>
      evidence?.verification.kind === 'verified' &&
      evidence.doubt === undefined &&
      !snapshot.tags.includes(incompleteTag);
    fc.assert(
      fc.property(
        fc.array(drawn, { maxLength: 15 }),
        fc.array(drawn, { maxLength: 10 }),
        fc.nat(3),
        (own, strange, daily) => {
          const policy = { last: 1, buckets: { daily } };
          const trusted = judgedOf(own, 'o').filter(isTrusted);
          const strangers = judgedOf(strange, 's').filter((judged) => !isTrusted(judged));
          const keptOf = (judged: readonly Judged[]): ReadonlySet<string> =>
            new Set(
              planOf(judged, policy)
                .groups.flatMap(({ decisions }) => decisions)
                .flatMap(({ verdict, snapshot }) => (verdict === 'keep' ? [snapshot.id] : [])),
            );
          const alone = keptOf(trusted);
          const together = keptOf([...trusted, ...strangers]);
          for (const id of alone) assert.ok(together.has(id));
          for (const { decisions } of planOf([...trusted, ...strangers], policy).groups) {
            for (const decision of decisions) {
              if (decision.verdict === 'keep') continue;
              assert.ok(decision.reason.kind === 'covered' && together.has(decision.reason.by));
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('S6: of a history of any state, no flood of doubtful or fresh snapshots lets anything go that would stay without it', () => {
    const day = 86_400_000_000_000n;
    const second = fc.integer({ min: -100 * 86_400, max: 30 * 86_400 });
    const kind = fc.constantFrom('verified' as const, 'unread' as const, 'damaged' as const);
    const tag = fc.constantFrom(undefined, incompleteTag, brakedTag, holdTag);
    const drawn = fc.record({ second, kind, tag });
    type Kind = 'verified' | 'unread' | 'damaged';
    const judgedOf = (
      values: readonly { second: number; kind: Kind; tag: string | undefined }[],
      prefix: string,
      more: Partial<SnapshotEvidence>,
    ): readonly Judged[] =>
      values.map(({ second: at, kind: state, tag: one }, number) => {
        const time = new Date(Number(clock.now / 1_000_000n) + at * 1000).toISOString();
        const snapshot = snapshotAt(`${prefix}${number}x`, time, { tags: one === undefined ? [] : [one] });
        const verification = state === 'verified' ? verified.verification : ({ kind: state } as const);
        return { snapshot, evidence: { verification, ...more } };
      });
    const doubt = fc.constantFrom<Partial<SnapshotEvidence>>(
      { doubt: 'late' },
      { doubt: 'backdated' },
      { doubt: 'ahead' },
      { arrivedAt: clock.now - 6n * day },
    );
    const count = fc.nat(3);
    fc.assert(
      fc.property(
        fc.array(drawn, { maxLength: 15 }),
        fc.array(drawn, { maxLength: 15 }),
        fc.record({ doubt, last: count, daily: count, weekly: count }),
        (own, strange, { doubt: more, last, daily, weekly }) => {
          fc.pre(last + daily + weekly > 0);
          const policy = { last, buckets: { daily, weekly } };
          const keptOf = (judged: readonly Judged[]): ReadonlySet<string> =>
            new Set(
              planOf(judged, policy, ['host'], 7n * day)
                .groups.flatMap(({ decisions }) => decisions)
                .flatMap(({ verdict, snapshot }) => (verdict === 'keep' ? [snapshot.id] : [])),
            );
          const history = judgedOf(own, 'o', {});
          const flooded = keptOf([...history, ...judgedOf(strange, 's', more)]);
          for (const id of keptOf(history)) assert.ok(flooded.has(id));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('S8: no random policy over a random history, verified or not, chooses a held snapshot', () => {
    const day = 86_400_000_000_000n;
    const second = fc.integer({ min: -100 * 86_400, max: 0 });
    const kind = fc.constantFrom('verified' as const, 'unread' as const);
    const one = fc.record({ second, kind, isHeld: fc.boolean() });
    const count = fc.nat(3);
    const policies = fc.record({ last: count, daily: count, weekly: count });
    const histories = fc.array(one, { minLength: 1, maxLength: 15 });
    fc.assert(
      fc.property(histories, policies, (history, { last, daily, weekly }) => {
        fc.pre(last + daily + weekly > 0);
        const judged = history.map(({ second: at, kind: state }, number): Judged => {
          const time = new Date(Number(clock.now / 1_000_000n) + at * 1000).toISOString();
          const verification = state === 'verified' ? verified.verification : ({ kind: state } as const);
          return { snapshot: snapshotAt(`h${number}x`, time), evidence: { verification } };
        });
        const held: HeldSnapshots = new Map(
          judged.flatMap(({ snapshot }, number) => (history[number]?.isHeld === true ? [[snapshot.id, ['abc']]] : [])),
        );
        const policy = { last, buckets: { daily, weekly } };
        const rules = {
          policy: { ...emptyPolicy, ...policy },
          groupBy: new Set(['host'] as const),
          allowRemoveAll: true,
        };
        const snapshots = judged.map(({ snapshot }) => snapshot);
        for (const plan of [
          planOf(judged, policy, ['host'], 7n * day, held),
          planRetention(snapshots, rules, clock, held),
        ]) {
          for (const { id } of removalsOf(plan)) assert.ok(!held.has(id));
        }
      }),
      { numRuns: 500 },
    );
  });
});
