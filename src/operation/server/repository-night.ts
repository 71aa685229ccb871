import type { CapturedComponent, Component, FailedComponent } from '../../contract/component.ts';
import type { Run } from '../../contract/run.ts';
import type { ServerOrigin } from '../../contract/server-origin.ts';
import type { Source } from '../../contract/source.ts';
import type { Store } from '../../contract/store.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { chooseParent } from '../../model/parent.ts';
import { brakedTag, incompleteTag, type Snapshot, type SnapshotDescription } from '../../model/snapshot.ts';
import { addMember } from './added-member.ts';
import type { Patience } from './component-attempts.ts';
import { joinSources } from './joined-sources.ts';
import { liveSource } from './live-source.ts';
import { originMember } from './origin-file.ts';

/** Marks the snapshots of a server. */
export const serverTag = (name: string): string => `mailkeep:server=${name}`;

/** Whose backup a snapshot is; undefined for one that is of no server. */
export const serverOfTags = (tags: readonly string[]): string | undefined => {
  const prefix = serverTag('');
  return tags.find((tag) => tag.startsWith(prefix))?.slice(prefix.length);
};

export interface RepositoryNightParts {
  readonly store: Store;
  /** Of the server: it is the one folder at the root of its snapshots. */
  readonly name: string;
  readonly description: SnapshotDescription;
  /** Where its components come from. */
  readonly origin: ServerOrigin;
}

/** What a night brought about in a repository. */
export interface RepositoryNight {
  readonly snapshot: string;
  readonly unreadable: number;
  readonly storedBytes: number;
  /** Where the components were captured themselves. */
  readonly live?: { readonly captured: readonly CapturedComponent[]; readonly failed: readonly FailedComponent[] };
}

/**
 * Whether mail folders that seem unchanged may be taken over from this parent unread: only from a complete snapshot of ours that was
 * made by the same rules.
 */
const mayTakeOver = (parent: Snapshot | undefined, { excludes }: SnapshotDescription): boolean =>
  parent?.programVersion?.startsWith('mailkeep ') === true &&
  !parent.tags.includes(incompleteTag) &&
  parent.excludes.length === excludes.length &&
  parent.excludes.every((rule, at) => rule === excludes[at]);

interface Night {
  /** A person has to look at the source first: older ones stay. */
  readonly isBraked: boolean;
  readonly open: (takesOver: boolean) => Promise<Source>;
  /** Whether all of the server is there, asked when all of it was captured. */
  readonly isComplete: () => boolean;
}

const write = (
  { store, name, description, origin }: RepositoryNightParts,
  { isBraked, open, isComplete }: Night,
  run: Run,
): Promise<RepositoryNight> =>
  store.guarded(async () => {
    const parent = chooseParent(await store.snapshots(run), description);
    const opened = parent === undefined ? undefined : await store.open(parent.id, run);
    const member = await open(mayTakeOver(parent, description));
    const whole = addMember(member, originMember(origin));
    const source = joinSources([{ name: byteStringOfText(name), source: whole }]);
    try {
      const common = {
        description,
        tagsAtEnd: () => [...(isComplete() ? [] : [incompleteTag]), ...(isBraked ? [brakedTag] : [])],
      };
      const options = opened === undefined ? common : { ...common, parent: opened };
      const { snapshot, unreadable, summary } = await store.write(source, options, run);
      return { snapshot: snapshot?.id ?? '', unreadable, storedBytes: summary.dataAddedPacked };
    } finally {
      await source.close();
    }
  }, run);

/** Brings a finished backup into the repository. */
export const captureFinished = (
  source: Source,
  { isComplete, isBraked }: { readonly isComplete: boolean; readonly isBraked: boolean },
  parts: RepositoryNightParts,
  run: Run,
): Promise<RepositoryNight> => write(parts, { isBraked, open: async () => source, isComplete: () => isComplete }, run);

/** Captures the components themselves. `components`: whether mail folders that seem unchanged may be taken over. */
export const captureLive = async (
  components: (takesOver: boolean) => Promise<readonly Component[]>,
  patience: Patience,
  parts: RepositoryNightParts,
  run: Run,
): Promise<RepositoryNight> => {
  const lives: ReturnType<typeof liveSource>[] = [];
  const open = async (takesOver: boolean): Promise<Source> => {
    const live = liveSource(await components(takesOver), patience);
    lives.push(live);
    return live;
  };
  const night = await write(
    parts,
    { isBraked: false, open, isComplete: () => lives.every(({ failed }) => failed.length === 0) },
    run,
  );
  const [live] = lives;
  return live === undefined ? night : { ...night, live: { captured: live.captured, failed: live.failed } };
};
