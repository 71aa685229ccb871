import type {
  AlarmState,
  BadFile,
  CapturedComponent,
  Component,
  DatedBackup,
  DatedDamage,
  DatedStore,
  DatedWriter,
  FolderDifference,
} from '../../contract/component.ts';
import { noHolds } from '../../model/hold.ts';
import type { Run } from '../../contract/run.ts';
import { type DatedName, datedPlace } from '../../model/dated-name.ts';
import { description } from '../../contract/store-fixture.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import { createMemorySource, type MemoryDirectory } from '../../protocol/memory/source.ts';
import { createMemoryStorePlace } from '../../store/memory/place.ts';
import { createMemoryStore } from '../../store/memory/store.ts';
import { joinSources } from './joined-sources.ts';

/** For tests: a component of plain data. `faults`: what its first attempts fail with. */
export const memoryComponent = (
  name: string,
  tree: MemoryDirectory,
  faults: Fault[] = [],
  form: Component['form'] = 'tree',
): Component => ({
  name,
  form,
  open: async () => {
    const fault = faults.shift();
    if (fault !== undefined) throw fault;
    return createMemorySource(tree);
  },
});

interface MemoryDatedStoreOptions {
  /** Backups that are there already. */
  readonly backups?: readonly DatedBackup[];
  /** What ends the capture of the component of this name. */
  readonly fullAt?: string;
  readonly failsCheck?: boolean;
  /** What reading again finds. */
  readonly damage?: readonly DatedDamage[];
  readonly cannotRemove?: boolean;
  /** How any two backups differ. */
  readonly differences?: readonly FolderDifference[];
  /** What a scrub finds. */
  readonly bad?: readonly BadFile[];
}

/** A dated store that keeps everything in memory, and what was done with it. */
export interface MemoryDatedStore extends DatedStore {
  readonly done: readonly string[];
  readonly kept: readonly DatedBackup[];
}

const isoDay = 86_400_000;

/** A backup of so many days ago. */
export const backupOf = (now: number, age: number, more: Partial<DatedBackup> = {}): DatedBackup => {
  const started = now - age * isoDay;
  const name: DatedName = { kind: 'daily', date: new Date(started).toISOString().slice(0, 10) };
  const folder = `/disk/daily/${name.date}`;
  return { name, folder, started, ended: started + 1000, state: 'good', components: [], missing: [], ...more };
};

const same = (left: DatedName, right: DatedName): boolean => datedPlace(left) === datedPlace(right);

export const createMemoryDatedStore = (options: MemoryDatedStoreOptions = {}): MemoryDatedStore => {
  const { fullAt, failsCheck = false, damage = [], cannotRemove = false, bad = [], differences = [] } = options;
  let state: AlarmState = {};
  const memory = createMemoryStore(createMemoryStorePlace());
  const snapshots = new Map<string, ReadonlyMap<string, string>>();
  let kept = [...(options.backups ?? [])];
  const done: string[] = [];
  const keep = (backup: DatedBackup): DatedBackup => {
    kept = [...kept.filter(({ name }) => !same(name, backup.name)), backup];
    return backup;
  };

  const captureInto = async (
    { name, form, open }: Component,
    captured: Map<string, string>,
    run: Run,
  ): Promise<CapturedComponent> => {
    if (name === fullAt) throw new Fault('disk-full', 'no space is left on /disk');
    const source = await open(run);
    const { snapshot, summary, unreadable } = await memory.write(source, { description }, run);
    captured.set(name, snapshot?.id ?? '');
    const { totalFilesProcessed: files, totalBytesProcessed: bytes } = summary;
    const counts = { files, directories: 0, bytes };
    return { name, form, duration: 1000, counts, linked: 0, writtenBytes: bytes, unreadable };
  };

  const begin = (name: DatedName, run: Run): DatedWriter => {
    const started = Number(run.now() / 1_000_000n);
    const captured = new Map<string, string>();
    const components: CapturedComponent[] = [];
    const folder = `/disk/${datedPlace(name)}`;
    done.push(`begin ${datedPlace(name)}`);
    return {
      folder,
      capture: async (component, own) => {
        const one = await captureInto(component, captured, own);
        components.push(one);
        return one;
      },
      publish: async (failed) => {
        if (failsCheck) throw new Fault('verification-failed', 'what was written is not what was read');
        done.push(`publish ${datedPlace(name)}`);
        snapshots.set(datedPlace(name), captured);
        const isGood = failed.length === 0 && components.every(({ unreadable }) => unreadable === 0);
        const missing = failed.map((one) => ({ name: one.name, reason: one.fault.message }));
        const state = isGood ? 'good' : 'incomplete';
        return keep({ name, folder, started, ended: started, state, components, missing });
      },
      abandon: async () => {
        done.push('abandon');
      },
    };
  };

  return {
    description: '/disk',
    done,
    get kept() {
      return kept;
    },
    holds: async () => noHolds,
    addHolds: async () => {},
    holdsOn: async () => [],
    heldAside: async () => new Map(),
    backups: async () => kept.toSorted((left, right) => left.started - right.started),
    begin: async (name, run) => begin(name, run),
    linkWeekly: async (name, daily) => {
      done.push(`link ${datedPlace(name)} of ${datedPlace(daily.name)}`);
      snapshots.set(datedPlace(name), snapshots.get(datedPlace(daily.name)) ?? new Map());
      return keep({ ...daily, name, folder: `/disk/${datedPlace(name)}` });
    },
    open: async (backup, run) => {
      const parts = [...(snapshots.get(datedPlace(backup.name)) ?? new Map<string, string>())];
      const members = await Promise.all(
        parts.map(async ([name, id]) => ({ name: byteStringOfText(name), source: await memory.open(id, run) })),
      );
      const source = joinSources(members);
      const [first] = members;
      if (first === undefined) throw new Fault('internal', 'this backup has nothing in it');
      return { ...first.source, ...source };
    },
    verify: async (backup, run) => {
      done.push(`verify ${datedPlace(backup.name)}`);
      if (damage.length === 0) keep({ ...backup, verified: Number(run.now() / 1_000_000n) });
      return damage;
    },
    async *differences() {
      yield* differences;
    },
    alarms: async () => state,
    noteAlarms: async (noted) => {
      state = noted;
    },
    scrub: async () => {
      done.push('scrub');
      return { slices: 10, files: 3, bytes: 300, bad, fromDisk: true };
    },
    mend: async ({ dryRun }) => {
      done.push(dryRun ? 'plan mending' : 'mend');
      return bad.map((file) => ({
        ...file,
        outcome: { kind: dryRun ? 'mendable' : 'mended', from: 'daily/2025-11-06' },
      }));
    },
    remove: async (backup) => {
      if (cannotRemove) throw new Fault('permission-denied', `${backup.folder} cannot be removed`);
      done.push(`remove ${datedPlace(backup.name)}`);
      kept = kept.filter(({ name }) => !same(name, backup.name));
    },
    close: async () => undefined,
  };
};
