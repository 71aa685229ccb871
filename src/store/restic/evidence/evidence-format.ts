import type { Nanoseconds } from '../../../model/entry.ts';
import type { PackEvidence, PackKnowledge } from '../../../model/pack-evidence.ts';
import type { SeenSnapshot } from '../../../model/seen-snapshot.ts';
import { isJsonRecord, type JsonRecord, parseJsonRecord } from '../format/json-record.ts';
import { formatTime, parseTime } from '../format/time-format.ts';

/* {"version":1,"kind":"packs-read","time":…,"read":[{"time":…,"packs":[id…]}…],"waiting":[…],"snapshots":[{…}…],"key":…,"mac":…} */

const version = 1;
const kind = 'packs-read';

const timeText = (time: Nanoseconds): string => formatTime(time, 0);

/** Ids by time: packs of one run share one, which is what keeps the file small. */
const runsOf = (packs: ReadonlyMap<string, PackKnowledge>, wanted: PackKnowledge['kind']): object[] => {
  const runs = new Map<Nanoseconds, string[]>();
  for (const [id, knowledge] of packs) {
    if (knowledge.kind !== wanted) continue;
    const run = runs.get(knowledge.at);
    if (run === undefined) runs.set(knowledge.at, [id]);
    else run.push(id);
  }
  return [...runs]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([time, ids]) => ({ time: timeText(time), packs: ids.sort() }));
};

/** The JSON of an evidence snapshot's only file. Times are in UTC. */
export const encodeEvidence = ({ time, packs, snapshots }: PackEvidence): Uint8Array => {
  const seen = [...snapshots].map(([id, { originalId, time, seenAt, absentAt, isLate }]) => ({
    id,
    ...(originalId === id ? {} : { original: originalId }),
    time: timeText(time),
    seen: timeText(seenAt),
    ...(absentAt === undefined ? {} : { absent: timeText(absentAt) }),
    ...(isLate === true ? { late: true } : {}),
  }));
  const record = {
    version,
    kind,
    time: timeText(time),
    read: runsOf(packs, 'read'),
    waiting: runsOf(packs, 'waiting'),
    snapshots: seen,
  };
  return new TextEncoder().encode(`${JSON.stringify(record)}\n`);
};

const timeOf = (value: unknown): Nanoseconds | undefined =>
  typeof value === 'string' ? parseTime(value)?.nanoseconds : undefined;

const isId = (value: unknown): value is string => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);

const recordsOf = (value: unknown): readonly JsonRecord[] => (Array.isArray(value) ? value.filter(isJsonRecord) : []);

const readRuns = (value: unknown, kind: PackKnowledge['kind'], into: Map<string, PackKnowledge>): void => {
  for (const { time, packs } of recordsOf(value)) {
    const at = timeOf(time);
    if (at === undefined || !Array.isArray(packs)) continue;
    for (const id of packs) {
      const known = isId(id) ? into.get(id) : undefined;
      if (isId(id) && (known === undefined || known.at <= at)) into.set(id, { kind, at });
    }
  }
};

/** Notes of before there were MACs do not say when a snapshot was first seen: at the latest when they were written. */
const readSnapshots = (value: unknown, written: Nanoseconds): ReadonlyMap<string, SeenSnapshot> => {
  const snapshots = new Map<string, SeenSnapshot>();
  for (const { id, original, time, seen, absent, late } of recordsOf(value)) {
    const at = timeOf(time);
    if (!isId(id) || at === undefined) continue;
    const absentAt = timeOf(absent);
    snapshots.set(id, {
      time: at,
      originalId: isId(original) ? original : id,
      seenAt: timeOf(seen) ?? written,
      ...(late === true ? { isLate: late } : {}),
      ...(absentAt === undefined ? {} : { absentAt }),
    });
  }
  return snapshots;
};

/** Undefined: not evidence of this kind and version. What is malformed in it says nothing, which keeps more. */
export const decodeEvidence = (json: Uint8Array): PackEvidence | undefined => {
  const record = parseJsonRecord(json);
  const time = timeOf(record?.['time']);
  if (record === undefined || record['version'] !== version || record['kind'] !== kind || time === undefined) {
    return undefined;
  }
  const packs = new Map<string, PackKnowledge>();
  readRuns(record['read'], 'read', packs);
  // Last, so that of two statements at the same time the doubtful one counts.
  readRuns(record['waiting'], 'waiting', packs);
  return { time, packs, snapshots: readSnapshots(record['snapshots'], time) };
};
