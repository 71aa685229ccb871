import type { Nanoseconds } from './entry.ts';

/** A note of what was read back, as a machine that looks after the repository sees it. */
export interface EvidenceNote {
  /** Of the snapshot that holds it; whole. */
  readonly id: string;
  /** When it was written, as it claims; undefined: it cannot be read. */
  readonly time: Nanoseconds | undefined;
  readonly origin: NoteOrigin;
}

export type NoteOrigin =
  /** Of this machine. */
  | { readonly kind: 'own' }
  /** Of a machine whose key was given to this one. */
  | { readonly kind: 'given'; readonly key: string }
  /** Of a machine whose key is not known here. */
  | { readonly kind: 'strange'; readonly key: string }
  /** Of a version that did not sign, or of anybody. */
  | { readonly kind: 'unsigned' }
  /** Claims to be of a machine whose key is known, and is not. */
  | { readonly kind: 'forged' }
  | { readonly kind: 'unreadable' };

/** What was read longer ago than that says nothing to anybody. */
const usefulFor = 60n * 86_400_000_000_000n;

/** Notes that are believed: what they say goes into the next one. */
export const isBelieved = ({ origin }: EvidenceNote): boolean => origin.kind === 'own' || origin.kind === 'given';

const writerOf = ({ origin }: EvidenceNote): string => ('key' in origin ? origin.key : origin.kind);

/**
 * Ids of the notes that may go once this machine has written a new one: its own, what is good for nothing, and of each other
 * machine all but the newest, which that machine still needs.
 */
export const supersededNotes = (notes: readonly EvidenceNote[], now: Nanoseconds): readonly string[] => {
  const newest = new Map<string, EvidenceNote>();
  for (const note of notes) {
    const { time, origin } = note;
    const isOfOther = origin.kind === 'given' || origin.kind === 'strange' || origin.kind === 'unsigned';
    if (!isOfOther || time === undefined || time > now || time + usefulFor < now) continue;
    const other = newest.get(writerOf(note));
    if (other?.time === undefined || time > other.time) newest.set(writerOf(note), note);
  }
  const kept = new Set([...newest.values()].map(({ id }) => id));
  return notes.flatMap(({ id }) => (kept.has(id) ? [] : [id]));
};
