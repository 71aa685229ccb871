import { join } from 'node:path';
import { openLocalBackend } from '../../src/backend/local.ts';
import { retentionJson } from '../../src/cli/render/retention-json.ts';
import { byteStringOfText } from '../../src/model/byte-string.ts';
import { isFault } from '../../src/model/fault.ts';
import { noneHeld, planRetention } from '../../src/model/retention.ts';
import { type BucketName, bucketNames, type KeepCount, parseKeepSpan } from '../../src/model/retention-policy.ts';
import type { ZoneOffset } from '../../src/model/retention-calendar.ts';
import type { GroupField } from '../../src/model/snapshot-selection.ts';
import { incompleteTag } from '../../src/model/snapshot.ts';
import { createMemorySource, memoryDirectory, memoryFile } from '../../src/protocol/memory/source.ts';
import { formatSnapshot, type SnapshotFile } from '../../src/store/restic/format/snapshot-format.ts';
import { initRepository } from '../../src/store/restic/init-repository.ts';
import { openRepository } from '../../src/store/restic/open-repository.ts';
import type { Repository } from '../../src/store/restic/repository.ts';
import { trustOf } from '../../src/store/restic/repository-fixture.ts';
import { processIdentity } from '../../src/system/identity.ts';
import { createRun } from '../../src/system/run.ts';
import { runCommand } from '../requirement/command.ts';
import { resticBinary } from '../requirement/restic.ts';

/** Numbers from 0 up to 1 that a seed decides. */
type Random = () => number;

const createRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const below = (random: Random, limit: number): number => Math.floor(random() * limit);

const pick = <Value>(random: Random, values: readonly [Value, ...Value[]]): Value =>
  values[below(random, values.length)] ?? values[0];

const formatters = new Map<string, Intl.DateTimeFormat>();

/** Minutes east of UTC in a zone at a time, asked of the system's own tables. */
const offsetIn =
  (timeZone: string): ZoneOffset =>
  (time) => {
    let formatter = formatters.get(timeZone);
    if (formatter === undefined) {
      formatter = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' });
      formatters.set(timeZone, formatter);
    }
    const name = formatter.formatToParts(Number(time / 1_000_000n)).find(({ type }) => type === 'timeZoneName')?.value;
    const [, sign, hours, minutes] = /^GMT(?:([+-])(\d\d):(\d\d))?/.exec(name ?? '') ?? [];
    return hours === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
  };

const timeZones = [
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'UTC',
  'Australia/Lord_Howe',
  'Pacific/Apia',
] as const;

const hour = 3_600_000;
const day = 24 * hour;
const spans = [hour, 6 * hour, 3 * day, 40 * day, 400 * day, 4000 * day] as const;
const pathSets: readonly [string[], ...string[][]] = [['/mail'], ['/mail', '/etc'], ['/etc', '/mail']];
const tagSets: readonly [string[], ...string[][]] = [[], [], ['a'], ['b', 'a'], ['x y'], [incompleteTag], ['é', 'c']];
/** Milliseconds around which clocks are changed. */
const clockChanges = ['2025-03-30T01:00Z', '2025-10-26T01:00Z', '2026-03-08T07:00Z', '2025-11-02T06:00Z'].map((text) =>
  Date.parse(text),
);

/** Days between a newest snapshot and others within an hour of that: there it shows in which zone a span is reckoned. */
const nearlyDays = [60, 150, 200, 270] as const;

type Drawn = Pick<SnapshotFile, 'time' | 'paths' | 'tags' | 'hostname' | 'username'>;

const drawTime = (random: Random, now: number, span: number): number => {
  if (span === 0) return now - 3 * hour - pick(random, nearlyDays) * day + below(random, 2 * hour) - hour;
  const chance = random();
  if (chance < 0.07) return now + hour + below(random, 700 * day);
  if (chance < 0.2)
    return (clockChanges[below(random, clockChanges.length)] ?? now) + below(random, 6 * hour) - 3 * hour;
  return now - 60_000 - below(random, span);
};

/** The snapshots of one host. Of two at the same time restic takes one or the other, so those are alike in all else. */
const drawSet = (random: Random, hostname: string, now: number): readonly Drawn[] => {
  const span = pick(random, spans);
  const zones = [pick(random, timeZones), pick(random, timeZones)];
  const drawn: Drawn[] = [];
  const isNearly = random() < 0.25;
  for (let left = 1 + below(random, 22); left > 0; left--) {
    const earlier = drawn[below(random, drawn.length)];
    const username = `user${drawn.length}`;
    if (earlier !== undefined && random() < 0.08) {
      drawn.push({ ...earlier, username });
      continue;
    }
    const nanoseconds =
      BigInt(isNearly && drawn.length === 0 ? now - 3 * hour : drawTime(random, now, isNearly ? 0 : span)) *
        1_000_000n +
      BigInt(below(random, 1_000_000));
    const zone = offsetIn(zones[below(random, 2)] ?? 'UTC');
    drawn.push({
      time: { nanoseconds, offsetMinutes: zone(nanoseconds) },
      paths: pick(random, pathSets).map(byteStringOfText),
      tags: pick(random, tagSets),
      hostname,
      username,
    });
  }
  return drawn;
};

interface DrawnPolicy {
  readonly rules: Parameters<typeof planRetention>[1];
  readonly args: readonly string[];
}

const drawSpan = (random: Random): string => {
  if (random() < 0.4) return `${pick(random, nearlyDays)}d`;
  const unit = (name: string, limit: number): string => (random() < 0.4 ? `${below(random, limit)}${name}` : '');
  return `${unit('y', 4)}${unit('m', 15)}${unit('d', 60)}${unit('h', 50)}` || '30d';
};

const drawPolicy = (random: Random): DrawnPolicy => {
  const args: string[] = [];
  const count = (name: string, chance: number): KeepCount | undefined => {
    if (random() >= chance) return undefined;
    const kept: KeepCount = random() < 0.1 ? 'unlimited' : below(random, 9);
    args.push(`--keep-${name}`, String(kept));
    return kept;
  };
  const within = (name: string, chance: number): ReturnType<typeof parseKeepSpan> | undefined => {
    if (random() >= chance) return undefined;
    const text = drawSpan(random);
    args.push(`--keep-within${name}`, text);
    return parseKeepSpan(text);
  };
  const each = <Value>(draw: (name: BucketName) => Value): Partial<Record<BucketName, Value>> =>
    Object.fromEntries(bucketNames.map((name) => [name, draw(name)] as const));
  const tags = Array.from({ length: random() < 0.25 ? 1 + below(random, 2) : 0 }, () =>
    pick(random, [['a'], ['a', 'b'], ['x y'], [''], ['c', ' é'], ['', 'a']]),
  );
  for (const list of tags) args.push('--keep-tag', list.join(','));
  const policy = {
    last: count('last', 0.5),
    buckets: each((name) => count(name, 0.3)),
    within: within('', 0.2),
    bucketsWithin: each((name) => within(`-${name}`, 0.15)),
    tags: tags.map((list) => list.map((tag) => tag.trim())),
  };
  const fields: readonly GroupField[] = pick(random, [
    ['host', 'paths'],
    ['host', 'paths'],
    ['host'],
    ['host', 'tags'],
    ['host', 'paths', 'tags'],
    ['tags'],
    [],
  ]);
  args.push('--group-by', fields.join(','));
  return { rules: { policy, groupBy: new Set(fields), allowRemoveAll: false }, args };
};

/** Sets of snapshots in a repository of restic's, one host each. */
export interface ForgetComparison {
  readonly repository: Repository;
  readonly location: string;
  readonly snapshots: readonly SnapshotFile[];
  /** Draws a policy and lets both programs decide. */
  compare(seed: number): Promise<Compared>;
  close(): Promise<void>;
}

export interface Compared {
  readonly what: string;
  /** Groups as both programs decide over them, in one order; or that a program refused. */
  readonly ours: unknown;
  readonly theirs: unknown;
  readonly groups: number;
}

const password = 'only a test';

/** What is the same for snapshots at the same time in any order. */
const comparable = (json: string): readonly unknown[] => {
  const groups: unknown = JSON.parse(json, (key, value: unknown) =>
    key === 'id' || key === 'short_id' || key === 'username' ? undefined : value,
  );
  if (!Array.isArray(groups)) throw new Error('it is no list');
  const keyOf = (group: unknown): string =>
    JSON.stringify(group, (key, value: unknown) =>
      key === 'keep' || key === 'remove' || key === 'reasons' ? undefined : value,
    );
  return groups
    .map((group: unknown) => ({ key: keyOf(group), group }))
    .sort((left, right) => (left.key < right.key ? -1 : 1))
    .map(({ group }) => group);
};

export const createForgetComparison = async (
  folder: string,
  { seed, hosts }: { readonly seed: number; readonly hosts: number },
): Promise<ForgetComparison> => {
  const restic = await resticBinary('0.19');
  const location = join(folder, 'repository');
  const run = createRun({ signal: AbortSignal.timeout(3_600_000), emit: () => undefined });
  const options = {
    password,
    generatedPassword: true,
    identity: processIdentity(),
    compression: 'auto',
    packSize: 16 * 1_048_576,
    threads: 1,
    mailAware: true,
    lockWait: 0,
    noLock: false,
    evidence: trustOf(1),
    programVersion: 'mailkeep test',
  } as const;
  await initRepository(openLocalBackend(location), options, run);
  const repository = await openRepository(openLocalBackend(location), options, run);
  const random = createRandom(seed);
  const now = Date.now();
  const snapshots = await writeSets(repository, random, { hosts, now });

  const ourDecision = (drawn: DrawnPolicy, timeZone: string): unknown => {
    try {
      const clock = { now: BigInt(Date.now()) * 1_000_000n, zone: offsetIn(timeZone) };
      return comparable(retentionJson(planRetention(snapshots, drawn.rules, clock, noneHeld)));
    } catch (error) {
      if (isFault(error, 'usage')) return 'refused';
      throw error;
    }
  };
  const theirDecision = async (drawn: DrawnPolicy, timeZone: string): Promise<unknown> => {
    const env = { PATH: '/usr/bin:/bin', TZ: timeZone, RESTIC_REPOSITORY: location, RESTIC_PASSWORD: password };
    const common = ['--no-cache', '--no-lock', '--json', 'forget', '--dry-run'];
    const { code, stdout, stderr } = await runCommand(restic, [...common, ...drawn.args], { env });
    if (code === 0) return comparable(stdout);
    return /refusing to delete last snapshot|no policy was specified/.test(stdout + stderr) ? 'refused' : stderr;
  };
  return {
    repository,
    location,
    snapshots,
    compare: async (policySeed) => {
      const draw = createRandom(policySeed);
      const drawn = drawPolicy(draw);
      const timeZone = pick(draw, timeZones);
      const theirs = await theirDecision(drawn, timeZone);
      const groups = Array.isArray(theirs) ? theirs.length : 0;
      const what = `seed ${seed}, policy ${policySeed}: TZ=${timeZone} forget ${drawn.args.join(' ')}`;
      return { what, ours: ourDecision(drawn, timeZone), theirs, groups };
    },
    close: () => repository.close(),
  };
};

const writeSets = async (
  repository: Repository,
  random: Random,
  { hosts, now }: { readonly hosts: number; readonly now: number },
): Promise<readonly SnapshotFile[]> => {
  const run = createRun({ signal: AbortSignal.timeout(600_000), emit: () => undefined });
  const sets = Array.from({ length: hosts }, (_, number) => drawSet(random, `host${number}`, now)).flat();
  const [first] = sets;
  if (first === undefined) return [];
  const description = { ...first, uid: 0, gid: 0, excludes: [] };
  const source = createMemorySource(memoryDirectory({ 'a.txt': memoryFile('a') }));
  const { snapshot } = await repository.write(source, { description }, run);
  const written = await repository.snapshotFile(snapshot?.id ?? '', run);
  const snapshots: SnapshotFile[] = [written];
  for (const drawn of sets.slice(1)) {
    const draft = { ...written, ...drawn, id: '', originalId: '' };
    const id = await repository.session.io.save('snapshot', formatSnapshot(draft), run);
    snapshots.push({ ...draft, id, originalId: id });
  }
  return snapshots;
};
