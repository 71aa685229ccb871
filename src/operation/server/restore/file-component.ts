import type { Run } from '../../../contract/run.ts';
import type { Source } from '../../../contract/source.ts';
import type { Overwrite, Target, TargetPlan } from '../../../contract/target.ts';
import { type ByteString, byteStringOfLatin1, byteStringOfText } from '../../../model/byte-string.ts';
import { addCounts, type Counts, noCounts } from '../../../model/entry.ts';
import { restore, verify } from '../../restore.ts';

export type PathFilter = (path: ByteString, isDirectory: boolean) => boolean;

/** One folder or file of a component, and where it goes. */
export interface FilePart {
  /** Absolute: where it will lie. */
  readonly place: string;
  /** The folder that it lies in, which is the root of source and target; of one that is merged, the place itself. */
  readonly folder: string;
  /** Mail lives there: what is missing is added, and nothing that is there changes. */
  readonly merges: boolean;
  /** Opens what the backup has of it; closed by whoever opened it. */
  open(run: Run): Promise<Source>;
  /** Where it is brought to; folders on the way are there after `prepare`. */
  target(source: Source, wish: { readonly overwrite: Overwrite; readonly filter?: PathFilter }): Promise<Target>;
  /** Makes the folders above it. */
  prepare(): Promise<void>;
  /** After all of it was written: labels of the system's own. */
  settle(run: Run): Promise<void>;
}

export interface PlannedPart extends Pick<FilePart, 'place' | 'merges'> {
  readonly plan: TargetPlan;
}

/** What became of a component of files. */
export interface FileOutcome {
  readonly written: Counts;
  readonly left: Counts;
  /** Entries that could not be brought. */
  readonly failed: number;
  /** Undefined: it was not looked at. */
  readonly differences: number | undefined;
  readonly notRestored: ReadonlyMap<string, number>;
}

const withSource = async <Result>(
  part: FilePart,
  work: (source: Source) => Promise<Result>,
  run: Run,
): Promise<Result> => {
  const source = await part.open(run);
  try {
    return await work(source);
  } finally {
    await source.close();
  }
};

/** Whole paths in what is told: a person has several places in mind. */
const withWholePaths = ({ folder }: FilePart, run: Run): Run => {
  const prefix = byteStringOfText(folder === '/' ? '' : folder);
  const whole = (path: ByteString): ByteString => byteStringOfLatin1(`${prefix}/${path}`);
  return {
    signal: run.signal,
    now: () => run.now(),
    emit: (event) => {
      if ((event.kind === 'fault' || event.kind === 'entry') && event.path !== undefined) {
        run.emit({ ...event, path: whole(event.path) });
      } else run.emit(event);
    },
  };
};

/** What would be done. Changes nothing. */
export const planPart = (part: FilePart, overwrite: Overwrite, run: Run): Promise<PlannedPart> =>
  withSource(
    part,
    async (source) => {
      const target = await part.target(source, { overwrite });
      return { place: part.place, merges: part.merges, plan: await target.plan(source, run) };
    },
    run,
  );

interface Wish {
  readonly overwrite: Overwrite;
  readonly verify: boolean;
}

const restoreOnce = (
  part: FilePart,
  { overwrite, verify, filter }: Wish & { readonly filter?: PathFilter },
  run: Run,
): ReturnType<typeof restore> =>
  withSource(
    part,
    async (source) => {
      const narrowed = filter === undefined ? {} : { filter };
      const target = await part.target(source, { overwrite, ...narrowed });
      return restore(source, target, { dryRun: false, verify, confirm: async () => true, ...narrowed }, run);
    },
    run,
  );

/** Which of a tree these are, with the folders that they lie in. */
const filterOf = (paths: readonly ByteString[]): PathFilter => {
  const wanted = new Set<string>(paths);
  const above = new Set<string>(
    paths.flatMap((path) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index))),
  );
  return (path, isDirectory) => wanted.has(path) || (isDirectory && above.has(path));
};

/** So many are mended by name; of more, everything is written. */
const namedAtMost = 10_000;

interface Hushed {
  readonly run: Run;
  /** Of what went wrong, instead of telling it; undefined: too many, or something that has no name. */
  readonly paths: () => readonly ByteString[] | undefined;
}

const hush = (run: Run): Hushed => {
  const paths = new Set<ByteString>();
  let isCountless = false;
  return {
    run: {
      signal: run.signal,
      now: () => run.now(),
      emit: (event) => {
        if (event.kind !== 'fault') run.emit(event);
        else if (event.path === undefined || paths.size === namedAtMost) isCountless = true;
        else paths.add(event.path);
      },
    },
    paths: () => (isCountless ? undefined : [...paths]),
  };
};

/**
 * Restores one part. Size and time say which files need not be written; where reading back shows that one of those is not what the backup
 * has (a byte on the disk has changed), all that differs is written after all.
 */
const restorePart = async (part: FilePart, wish: Wish, run: Run): Promise<FileOutcome> => {
  await part.prepare();
  const told = withWholePaths(part, run);
  if (part.merges) return mergePart(part, wish, told);
  const mayMend = wish.verify && wish.overwrite === 'if-changed';
  const hushed = hush(run);
  const first = await restoreOnce(part, wish, mayMend ? hushed.run : told);
  const outcome = outcomeOf(first);
  const paths = hushed.paths();
  if (!mayMend || paths?.length === 0) return outcome;
  const filter = paths === undefined ? {} : { filter: filterOf(paths) };
  const again = outcomeOf(await restoreOnce(part, { overwrite: 'always', verify: true, ...filter }, told));
  return { ...again, written: addCounts(outcome.written, again.written), left: outcome.left };
};

/**
 * Mail that has come, was read or was moved since is no difference: it is verified when a second look finds nothing of the backup
 * missing.
 */
const mergePart = async (part: FilePart, wish: Wish, run: Run): Promise<FileOutcome> => {
  const outcome = outcomeOf(await restoreOnce(part, { ...wish, verify: false }, run));
  if (!wish.verify) return outcome;
  const { plan } = await planPart(part, wish.overwrite, run);
  return { ...outcome, differences: plan.create.files + plan.refusals.length };
};

const outcomeOf = ({ report, verification }: Awaited<ReturnType<typeof restore>>): FileOutcome => ({
  written: report?.written ?? noCounts,
  left: report?.left ?? noCounts,
  failed: report?.failed ?? 0,
  differences: verification?.differences,
  notRestored: report?.notRestored ?? new Map<string, number>(),
});

const addOutcomes = (left: FileOutcome, right: FileOutcome): FileOutcome => {
  const notRestored = new Map(left.notRestored);
  for (const [kind, count] of right.notRestored) notRestored.set(kind, (notRestored.get(kind) ?? 0) + count);
  return {
    written: addCounts(left.written, right.written),
    left: addCounts(left.left, right.left),
    failed: left.failed + right.failed,
    differences: right.differences === undefined ? left.differences : (left.differences ?? 0) + right.differences,
    notRestored,
  };
};

const nothing: FileOutcome = {
  written: noCounts,
  left: noCounts,
  failed: 0,
  differences: undefined,
  notRestored: new Map(),
};

/** Restores all parts of a component. Faults as those of targets. */
export const restoreFiles = async (parts: readonly FilePart[], wish: Wish, run: Run): Promise<FileOutcome> => {
  let outcome = nothing;
  for (const part of parts) {
    outcome = addOutcomes(outcome, await restorePart(part, wish, run));
    await part.settle(run);
  }
  return outcome;
};

/** Compares what lies there now with the backup, and changes nothing. What differs is told as faults; returned is how much. */
export const compareFiles = async (
  parts: readonly FilePart[],
  overlooked: ReadonlySet<string>,
  run: Run,
): Promise<number> => {
  let differences = 0;
  for (const part of parts) {
    const told = withWholePaths(part, run);
    const found = await withSource(
      part,
      async (source) => {
        const target = await part.target(source, { overwrite: 'never' });
        return verify(source, target, { overlooked, isInUse: true }, told);
      },
      run,
    );
    differences += found.differences;
  }
  return differences;
};
