import type { NoteOrigin } from './evidence-note.ts';

/** What a hold is on. Paths are text, from the root of a snapshot. */
export type HoldSubject =
  /** Snapshots of a repository: their ids, and the ids by which they were first known. */
  | { readonly kind: 'snapshots'; readonly ids: readonly string[] }
  /** Backups of a dated disk. `started`: milliseconds since 1970; one of the same place that began later is another. */
  | { readonly kind: 'days'; readonly days: readonly { readonly place: string; readonly started: number }[] }
  /** Whatever contains the mailbox of this address, or is of one of these paths: of accounts that were known to be its. */
  | { readonly kind: 'address'; readonly address: string; readonly paths: readonly string[] }
  /** Whatever contains this folder; without a slash in front, at any depth. */
  | { readonly kind: 'folder'; readonly path: string }
  /** Snapshots of an account, by the paths that they may be of; with folders, those that contain one of them. */
  | {
      readonly kind: 'account';
      readonly name: string;
      readonly paths: readonly string[];
      readonly folders: readonly string[];
    }
  /** Snapshots and days of a server. */
  | { readonly kind: 'server'; readonly name: string }
  /** All there is: what a note that cannot be read may be about. */
  | { readonly kind: 'everything' };

/** One line of the log of holds. */
export type HoldEntry = {
  /** 16 hexadecimal digits: of this line. */
  readonly id: string;
  /** Of the hold that it begins or ends. */
  readonly hold: string;
  /** In UTC, ISO 8601. */
  readonly time: string;
  readonly host: string;
  readonly user: string;
  readonly reason: string;
} & (
  | {
      readonly kind: 'hold';
      readonly subject: HoldSubject;
      /** A case or file number. */
      readonly caseId?: string;
      /** `2027-01-31`: when somebody should look whether it is still needed. */
      readonly until?: string;
    }
  | { readonly kind: 'release' }
);

/** A line as it was found, and whose it is. */
export interface KnownHoldLine {
  /** As it is stored, without the line end. */
  readonly text: string;
  /** Undefined: it cannot be understood. */
  readonly entry: HoldEntry | undefined;
  readonly origin: NoteOrigin;
}

/** A note as it lies in a store: what it is of by its name, and its lines. */
export interface HoldNote {
  readonly about: readonly { readonly kind: HoldEntry['kind']; readonly id: string }[];
  /** Undefined: it cannot be read. */
  readonly lines: readonly KnownHoldLine[] | undefined;
}

export interface Hold {
  readonly id: string;
  /** More than one when lines of the same id say different things. */
  readonly subjects: readonly HoldSubject[];
  /** Undefined for a note that cannot be read. */
  readonly entry: (HoldEntry & { readonly kind: 'hold' }) | undefined;
  /** What ended it; undefined while it stands. */
  readonly release: HoldEntry | undefined;
}

/** What a person should know of notes. */
export type HoldDoubt =
  | { readonly kind: 'forged'; readonly hold: string }
  /** A line of another machine, or of nobody, says that the hold has ended. */
  | { readonly kind: 'release-not-believed'; readonly hold: string; readonly origin: NoteOrigin }
  | { readonly kind: 'unreadable'; readonly id: string; readonly isRepeated: boolean };

export interface HoldLog {
  readonly holds: readonly Hold[];
  /** Every line that was found, each once. */
  readonly lines: readonly KnownHoldLine[];
  readonly doubts: readonly HoldDoubt[];
}

export const noHolds: HoldLog = { holds: [], lines: [], doubts: [] };

const isOfKnownMachine = ({ kind }: NoteOrigin): boolean => kind === 'own' || kind === 'given';

interface Gathered {
  readonly begun: Map<string, { entry: HoldEntry & { readonly kind: 'hold' }; subjects: HoldSubject[] }>;
  readonly released: Map<string, HoldEntry>;
  readonly doubts: HoldDoubt[];
}

const gather = ({ entry, origin }: KnownHoldLine, anybody: boolean, into: Gathered): void => {
  if (entry === undefined) return;
  const isForged = origin.kind === 'forged';
  if (isForged) into.doubts.push({ kind: 'forged', hold: entry.hold });
  if (entry.kind === 'hold') {
    const known = into.begun.get(entry.hold);
    if (known === undefined) into.begun.set(entry.hold, { entry, subjects: [entry.subject] });
    else known.subjects.push(entry.subject);
    return;
  }
  if (isOfKnownMachine(origin) || (anybody && !isForged)) into.released.set(entry.hold, entry);
  else if (!isForged) into.doubts.push({ kind: 'release-not-believed', hold: entry.hold, origin });
};

/** What cannot be read and is repeated nowhere holds everything, until it is released by its id. */
const unreadable = (notes: readonly HoldNote[], lines: ReadonlyMap<string, KnownHoldLine>, into: Gathered): void => {
  const known = new Set([...lines.values()].map(({ entry }) => entry?.id));
  const everything = new Set<string>();
  for (const { about, lines: found } of notes) {
    if (found !== undefined) continue;
    for (const { kind, id } of about) {
      const isRepeated = known.has(id);
      into.doubts.push({ kind: 'unreadable', id, isRepeated });
      if (kind === 'hold' && !isRepeated) everything.add(id);
    }
  }
  for (const { text, entry } of lines.values()) if (entry === undefined) everything.add(idOfText(text));
  for (const id of everything) {
    if (into.begun.has(id)) continue;
    into.begun.set(id, { entry: nobody(id), subjects: [{ kind: 'everything' }] });
  }
};

const nobody = (id: string): HoldEntry & { readonly kind: 'hold' } => ({
  kind: 'hold',
  id,
  hold: id,
  time: '',
  host: '',
  user: '',
  reason: '',
  subject: { kind: 'everything' },
});

/** A name for a line that cannot be understood, by which it can be released (FNV-1a, 64 bits). */
const idOfText = (text: string): string => {
  let hash = 0xcbf29ce484222325n;
  for (let at = 0; at < text.length; at++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, '0');
};

/**
 * What all notes of a store say together. A line that begins a hold counts whoever wrote it; one that ends it only from this
 * machine or one whose key is known here, unless `anybody` is believed. What is damaged or forged never ends a hold.
 */
export const readHoldLog = (notes: readonly HoldNote[], anybody: boolean): HoldLog => {
  const lines = new Map<string, KnownHoldLine>();
  for (const note of notes) for (const line of note.lines ?? []) lines.set(line.text, line);
  const gathered: Gathered = { begun: new Map(), released: new Map(), doubts: [] };
  for (const line of lines.values()) gather(line, anybody, gathered);
  unreadable(notes, lines, gathered);
  const holds = [...gathered.begun].map(([id, { entry, subjects }]): Hold => {
    const release = gathered.released.get(id);
    return { id, subjects, entry: entry.time === '' ? undefined : entry, release };
  });
  const byTime = (left: Hold, right: Hold): number => ((left.entry?.time ?? '') < (right.entry?.time ?? '') ? -1 : 1);
  const isEnded = (id: string): boolean => gathered.released.has(id);
  const doubts = gathered.doubts.filter((doubt) => doubt.kind !== 'release-not-believed' || !isEnded(doubt.hold));
  return { holds: holds.sort(byTime), lines: [...lines.values()], doubts };
};

/** Those that nobody has ended. */
export const standingHolds = ({ holds }: HoldLog): readonly Hold[] =>
  holds.filter(({ release }) => release === undefined);

/** Whether somebody wanted to be reminded of it by that day (`2027-01-31`). */
export const isDue = ({ entry, release }: Hold, today: string): boolean =>
  release === undefined && entry?.until !== undefined && entry.until <= today;
