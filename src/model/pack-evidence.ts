import type { Nanoseconds } from './entry.ts';
import { type ClaimedSnapshot, type SeenSnapshot, whenSeen } from './seen-snapshot.ts';

/** What is known of one pack of a repository. */
export interface PackKnowledge {
  /** `read`: at this time every byte of it was read back good. `waiting`: it was seen then, or read and found bad. */
  readonly kind: 'read' | 'waiting';
  readonly at: Nanoseconds;
}

/** What the checks of a repository have seen, by whole ids. */
export interface PackEvidence {
  /** When it was last looked at. */
  readonly time: Nanoseconds;
  readonly packs: ReadonlyMap<string, PackKnowledge>;
  readonly snapshots: ReadonlyMap<string, SeenSnapshot>;
}

/** What one check saw. */
export interface CheckObservation {
  readonly time: Nanoseconds;
  /** All packs that are there. */
  readonly present: Iterable<string>;
  /** Those that were read and are good, and those that were read, or could not be, and are not. */
  readonly good: ReadonlySet<string>;
  readonly bad: ReadonlySet<string>;
  readonly snapshots: readonly ClaimedSnapshot[];
}

/** Several notes as one; of each pack the newest statement counts. Notes from the future are not believed. */
export const combineEvidence = (notes: readonly PackEvidence[], now: Nanoseconds): PackEvidence | undefined => {
  const believed = notes.filter(({ time }) => time <= now).sort((left, right) => (left.time < right.time ? -1 : 1));
  const newest = believed.at(-1);
  if (newest === undefined) return undefined;
  const packs = new Map<string, PackKnowledge>();
  const snapshots = new Map<string, SeenSnapshot>();
  for (const note of believed) {
    for (const [id, knowledge] of note.packs) {
      const known = packs.get(id);
      if (knowledge.at <= now && (known === undefined || knowledge.at >= known.at)) packs.set(id, knowledge);
    }
    // The first note of a snapshot knows best whether it was there before.
    for (const [id, seen] of note.snapshots) if (!snapshots.has(id)) snapshots.set(id, seen);
  }
  return { time: newest.time, packs, snapshots };
};

const knowledgeOf = (
  id: string,
  before: PackKnowledge | undefined,
  { time, good, bad }: CheckObservation,
): PackKnowledge => {
  if (bad.has(id)) return { kind: 'waiting', at: time };
  if (good.has(id)) return { kind: 'read', at: time };
  return before ?? { kind: 'waiting', at: time };
};

/** What is known after one more check. What is gone from the repository is forgotten. */
export const addObservation = (before: PackEvidence | undefined, observed: CheckObservation): PackEvidence => {
  const packs = new Map<string, PackKnowledge>();
  for (const id of observed.present) packs.set(id, knowledgeOf(id, before?.packs.get(id), observed));
  const snapshots = new Map<string, SeenSnapshot>();
  const look = whenSeen(before, observed.snapshots, observed.time);
  for (const claimed of observed.snapshots) snapshots.set(claimed.id, look(claimed));
  return { time: observed.time, packs, snapshots };
};

/**
 * The packs that a run of a rotation of `parts` runs has to read: what has waited longest, up to one part of all bytes,
 * and what came since the last run. So `parts` runs in a row read everything that was there at the first of them.
 * `packs`: name to bytes.
 */
export const rotatedPacks = (
  packs: ReadonlyMap<string, number>,
  evidence: PackEvidence | undefined,
  parts: number,
): readonly string[] => {
  const isNew = (id: string): boolean => evidence !== undefined && !evidence.packs.has(id);
  const waitingSince = (id: string): Nanoseconds => evidence?.packs.get(id)?.at ?? 0n;
  const kindOf = (id: string): PackKnowledge['kind'] | undefined => evidence?.packs.get(id)?.kind;
  const waiting = [...packs.keys()].filter((id) => !isNew(id));
  waiting.sort((left, right) => {
    const difference = waitingSince(left) - waitingSince(right);
    if (difference !== 0n) return difference < 0n ? -1 : 1;
    // What was only seen then comes before what was read then.
    const kinds = Number(kindOf(left) === 'read') - Number(kindOf(right) === 'read');
    if (kinds !== 0) return kinds;
    return left < right ? -1 : 1;
  });
  const total = waiting.reduce((sum, id) => sum + (packs.get(id) ?? 0), 0);
  const chosen: string[] = [];
  let taken = 0;
  for (const id of waiting) {
    if (taken * parts >= total) break;
    chosen.push(id);
    taken += packs.get(id) ?? 0;
  }
  return [...chosen, ...[...packs.keys()].filter(isNew)];
};
