import type { BrowsableSnapshot } from '../../contract/browse.ts';
import type { MailTarget, TargetMessage } from '../../contract/mail-target.ts';
import type { Run } from '../../contract/run.ts';
import type { Source } from '../../contract/source.ts';
import type { NewHash } from '../../mail/direct/hash.ts';
import { headerBytes } from '../../mail/header.ts';
import { headerTraits } from '../../mail/account-restore/header-traits.ts';
import {
  ambiguousBodies,
  type HeaderTraits,
  matchMessages,
  type MatchOptions,
  mayBeSame,
  type SourceTraits,
  type TargetTraits,
  toldByNotes,
} from '../../mail/account-restore/match-messages.ts';
import { type ByteString, bytesOf } from '../../model/byte-string.ts';
import { readBeginnings } from '../read-messages.ts';
import type { OutgoingMessage, SourceFolder } from './outgoing-mail.ts';
import { groupsOf, readOutgoing } from './read-outgoing.ts';

export interface Comparing extends MatchOptions {
  readonly snapshot: BrowsableSnapshot;
  readonly target: MailTarget;
  readonly newHash: NewHash;
}

/** So many messages are looked at together. */
export const atOnce = { messages: 250, bytes: 32 * 1024 * 1024 };

/** Whether a message of these folders, in their order, is there already; by their ordinals. */
export type Present = (ordinal: number) => boolean;

/**
 * Compares what is to be restored with a folder that is there: sizes and dates first, headers of what may be the same, and
 * bodies only where headers do not tell. A message that cannot be read counts as not there, and is told when it is sent.
 */
export const compareFolder = async (
  folders: readonly SourceFolder[],
  name: ByteString,
  { snapshot, target, newHash, byMessageId }: Comparing,
  run: Run,
): Promise<Present> => {
  const listed = await target.list(name, 1, run);
  if (listed.length === 0) return () => false;
  const isNear = mayBeSame(listed);
  const sources: SourceTraits[] = [];
  const ordinals: number[] = [];
  let ordinal = 0;
  const quiet: Run = { signal: run.signal, now: () => run.now(), emit: () => undefined };
  for (const folder of folders) {
    for await (const group of groupsOf(folder.messages(run), atOnce)) {
      const first = ordinal;
      ordinal += group.length;
      const numbers = new Map(group.map((message, at) => [message, first + at]));
      for (const { message, traits } of await traitsOf(group, { snapshot, newHash, isNear }, quiet)) {
        sources.push(traits);
        ordinals.push(numbers.get(message) ?? -1);
      }
    }
  }
  const targets = await targetTraits(sources, { name, listed, target, newHash }, run);
  const there = new Set<number>();
  for (const [at, uid] of matchMessages(sources, targets, { byMessageId }).entries()) {
    const found = ordinals[at];
    if (uid !== undefined && found !== undefined) there.add(found);
  }
  return (asked) => there.has(asked);
};

interface Looking {
  readonly snapshot: BrowsableSnapshot;
  readonly newHash: NewHash;
  readonly isNear: (message: Pick<SourceTraits, 'size' | 'seconds'>) => boolean;
}

const isDraft = ({ flags }: OutgoingMessage): boolean => flags.includes('\\Draft');

const traitsOf = async (
  group: readonly OutgoingMessage[],
  { snapshot, newHash, isNear }: Looking,
  run: Run,
): Promise<readonly { readonly message: OutgoingMessage; readonly traits: SourceTraits }[]> => {
  const sizes = await measured(snapshot.source, group, newHash, run);
  const near = group.flatMap((message) => {
    const known = sizes.get(message);
    if (known === undefined || !isNear({ size: known.size, seconds: message.seconds })) return [];
    return { message, ...known };
  });
  const files = near.map(({ message: { path, entry, content } }) => ({ path: [path], entry, content }));
  const beginnings = await readBeginnings(
    snapshot.source,
    files,
    { bytes: headerBytes, beginningOf: (content) => snapshot.beginningOf(content) },
    run,
  );
  return near.map(({ message, size, sha256 }, at) => {
    const beginning = beginnings[at];
    const header = beginning === undefined ? undefined : headerTraits(beginning, newHash);
    return { message, traits: { size, sha256, header, seconds: message.seconds, draft: isDraft(message) } };
  });
};

/** Sizes and digests: those of an account are in the snapshot, those of files are to be found out. */
const measured = async (
  source: Source,
  group: readonly OutgoingMessage[],
  newHash: NewHash,
  run: Run,
): Promise<ReadonlyMap<OutgoingMessage, { readonly size: number; readonly sha256: string }>> => {
  const known = new Map<OutgoingMessage, { readonly size: number; readonly sha256: string }>();
  for (const message of group) {
    const { sha256, entry } = message;
    if (sha256 !== undefined) known.set(message, { size: entry.size, sha256 });
  }
  const unknown = group.filter((message) => !known.has(message));
  for (const { message, digest } of await readOutgoing(source, unknown, newHash, run)) known.set(message, digest);
  return known;
};

const targetTraits = async (
  sources: readonly SourceTraits[],
  {
    name,
    listed,
    target,
    newHash,
  }: Pick<Comparing, 'target' | 'newHash'> & { readonly name: ByteString; readonly listed: readonly TargetMessage[] },
  run: Run,
): Promise<readonly TargetTraits[]> => {
  const isNear = mayBeSame(sources);
  const near = listed.filter(isNear);
  const told = toldByNotes(sources, near);
  const unknown = near.filter(({ uid }) => !told.has(uid));
  const headers = new Map<number, HeaderTraits | undefined>();
  const keep = (uid: number, header: ByteString): void => void headers.set(uid, headerTraits(bytesOf(header), newHash));
  const uids = unknown.map(({ uid }) => uid);
  await target.headers(name, uids, keep, run);
  const withHeaders = unknown.map((message) => ({ ...message, header: headers.get(message.uid) }));
  const digests = await target.digests(name, ambiguousBodies(sources, withHeaders), run);
  const looked = new Map(withHeaders.map((message) => [message.uid, { ...message, ...digests.get(message.uid) }]));
  return near.map((message) => looked.get(message.uid) ?? { ...message, sha256: message.noted });
};
