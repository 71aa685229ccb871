import { type ByteString, compareBytes } from '../../../model/byte-string.ts';
import { parsePresentedName } from '../../../mail/direct/presented-name.ts';
import { blockOfUid } from '../../../mail/direct/block-name.ts';
import type { MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import type { MessageRecord } from '../../../mail/direct/message-record.ts';
import type { MirrorPlace } from './mirror-base.ts';
import { digestOfFile } from './mirror-block.ts';
import { type MirrorFolder, type MirrorMessage, pathOfMessage } from './mirror-folder.ts';

/** Files of earlier generations, and of bodies that are not the newest. */
export interface LeftOver {
  /** Of an earlier generation, to be removed: what they hold has come anew, or is gone from the server. */
  readonly earlier: readonly MirrorMessage[];
  /** To be removed: a newer body lies under their UIDs. */
  readonly older: readonly MirrorMessage[];
  /** What they hold has not come anew yet: they stay, whoever agrees to what. */
  readonly awaited: readonly MirrorMessage[];
}

/**
 * What of a folder's left-over files may go. An older body may as soon as a newer one is here. Messages of an earlier
 * generation may when all of the new one has come, since then those without a counterpart are gone from the server; until
 * then those may of which as many with equal content have come.
 */
export const leftOver = async (
  place: MirrorPlace,
  files: MirrorFolder,
  { record, isWhole }: { readonly record: MailboxRecord; readonly isWhole: boolean },
): Promise<LeftOver> => {
  const older: MirrorMessage[] = [];
  const awaited: MirrorMessage[] = [];
  const generations: MirrorMessage[] = [];
  for (const message of files.stale) {
    const own = parsePresentedName(message.name);
    if (own === undefined) continue;
    if (own.uidValidity !== files.uidValidity) generations.push(message);
    else if (files.messages.has(own.uid)) older.push(message);
    else awaited.push(message);
  }
  if (isWhole || generations.length === 0) return { earlier: generations, older, awaited };
  const earlier: MirrorMessage[] = [];
  const come = await digestsThatCame(place, record);
  for (const [digest, equal] of await byContent(place, files, { name: record.name, generations })) {
    // All equal ones of a generation go at once, or the next run could not count them any more.
    const hasCome = digest !== '' && equal.length <= (come.get(digest.slice(0, digestLength)) ?? 0);
    (hasCome ? earlier : awaited).push(...equal);
  }
  return { earlier, older, awaited };
};

/** Half of a digest tells as much, and is half as long. */
const digestLength = 32;
const short = (sha256: string): string => sha256.slice(0, digestLength);

/** Messages of equal content of one generation, by digest and generation; what cannot be read under the empty one. */
const byContent = async (
  place: MirrorPlace,
  files: MirrorFolder,
  { name, generations }: { readonly name: ByteString; readonly generations: readonly MirrorMessage[] },
): Promise<ReadonlyMap<string, readonly MirrorMessage[]>> => {
  const digestOf = earlierDigests(place, files, name);
  const found = new Map<string, MirrorMessage[]>();
  // In the order of their UIDs each block is read once.
  for (const message of generations.toSorted((left, right) => compareBytes(left.name, right.name))) {
    const digest = await digestOf(message);
    const key = digest === '' ? '' : `${digest} ${parsePresentedName(message.name)?.uidValidity}`;
    const own = found.get(key);
    if (own === undefined) found.set(key, [message]);
    else own.push(message);
  }
  return found;
};

const digestsThatCame = async ({ state }: MirrorPlace, record: MailboxRecord): Promise<Map<string, number>> => {
  const counts = new Map<string, number>();
  for (const { block } of record.blocks) {
    const messages = await state.messages(record.name, { uidValidity: record.uidValidity, block });
    for (const { sha256 } of messages.values()) counts.set(short(sha256), (counts.get(short(sha256)) ?? 0) + 1);
  }
  return counts;
};

/** As it was written down when they came, or else from the files; empty for what cannot be read, which stays. */
const earlierDigests = (
  { state, newHash }: MirrorPlace,
  { directory }: MirrorFolder,
  name: ByteString,
): ((message: MirrorMessage) => Promise<string>) => {
  let known: { readonly key: string; readonly records: ReadonlyMap<number, MessageRecord> } | undefined;
  return async (message) => {
    const own = parsePresentedName(message.name);
    if (own !== undefined) {
      const block = { uidValidity: own.uidValidity, block: blockOfUid(own.uid) };
      const key = `${block.uidValidity} ${block.block}`;
      if (known?.key !== key) known = { key, records: await state.messages(name, block) };
      const record = known.records.get(own.uid);
      if (record !== undefined && (record.body ?? 1) === message.body) return short(record.sha256);
    }
    return digestOfFile(pathOfMessage(directory, message), newHash).then(short, () => '');
  };
};
