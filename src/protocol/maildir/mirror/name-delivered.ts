import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteString } from '../../../model/byte-string.ts';
import { uidListLine } from '../../../mail/dovecot-files.ts';
import { parsePresentedName, presentedIdentity } from '../../../mail/direct/presented-name.ts';
import { errnoFault } from '../../../system/errno.ts';
import type { Applying } from './applying.ts';
import type { DeliveredMessage } from './deliver.ts';
import { digestOfFile } from './mirror-block.ts';
import { type MirrorFolder, type MirrorMessage, nameWith, pathOfMessage } from './mirror-folder.ts';
import { syncDirectory } from './mirror-state.ts';
import { withUidListLock } from './uid-list-file.ts';
import { writeUidList } from './whole-uid-list.ts';

/** What a message that came is called, and what lies there under its UID. */
interface Arrival {
  readonly one: DeliveredMessage;
  readonly identity: ByteString;
  readonly body: number;
  /** The file that it takes the place of: cut off, or of equal content. */
  readonly replaces: MirrorMessage | undefined;
  /** What lies there has another body, and stays until nobody objects to its removal. */
  readonly isOther: boolean;
}

/**
 * Names what lies in `tmp`, while Dovecot waits: names first, then the lines of the list, so that nothing without a line can be
 * seen. Resolves to the UIDs under which another body lies there already, to which the new one is put beside.
 */
export const nameDelivered = async (
  applying: Applying,
  delivered: readonly DeliveredMessage[],
): Promise<ReadonlySet<number>> => {
  if (delivered.length === 0) return new Set();
  const { directory, files, keywords, run } = applying;
  for (const { message } of delivered) keywords.lettersOf(message.flags);
  await keywords.save();
  await syncDirectory(join(directory, 'tmp'));
  const arrivals = await arrivalsOf(applying, delivered);
  const highest = highestOf(files.messages.keys());
  const isAppended = highest > 0 && (delivered[0]?.message.uid ?? 0) > highest;
  await withUidListLock(
    directory,
    async () => {
      const replaced: string[] = [];
      for (const arrival of arrivals) replaced.push(...(await nameArrival(applying, arrival)));
      await syncDirectory(join(directory, 'cur'));
      // Of equal content, or broken: the whole ones have their names by now, and nothing is lost.
      for (const path of replaced) await rm(path, { force: true });
      const lines = arrivals.map(({ one, identity }) => uidListLine(one.message.uid, identity));
      return isAppended ? { append: lines.join('') } : undefined;
    },
    run,
  );
  if (!isAppended) await writeUidList(applying, applying.state, run);
  return new Set(arrivals.flatMap(({ one, isOther }) => (isOther ? [one.message.uid] : [])));
};

const highestOf = (uids: Iterable<number>): number => {
  let highest = 0;
  for (const uid of uids) if (uid > highest) highest = uid;
  return highest;
};

const arrivalsOf = async (applying: Applying, delivered: readonly DeliveredMessage[]): Promise<readonly Arrival[]> => {
  const arrivals: Arrival[] = [];
  const older = olderBodies(applying.files);
  for (const one of delivered) arrivals.push(await arrivalOf(applying, one, older.get(one.message.uid) ?? 0));
  return arrivals;
};

/** The highest body under each UID of which there is one that is not the newest. */
const olderBodies = ({ stale, uidValidity }: MirrorFolder): ReadonlyMap<number, number> => {
  const bodies = new Map<number, number>();
  for (const { name, body } of stale) {
    const own = parsePresentedName(name);
    if (own?.uidValidity === uidValidity) bodies.set(own.uid, Math.max(body, bodies.get(own.uid) ?? 0));
  }
  return bodies;
};

const arrivalOf = async (
  { files, place, state, mark }: Applying,
  one: DeliveredMessage,
  older: number,
): Promise<Arrival> => {
  const { uid } = one.message;
  const { uidValidity } = state;
  const named = (body: number): ByteString =>
    presentedIdentity({ uidValidity, uid, mark, size: one.size, virtualSize: one.virtualSize, body });
  const there = files.messages.get(uid);
  if (there === undefined) {
    const damaged = files.damaged.get(uid);
    const body = damaged?.body ?? older + 1;
    return { one, body, identity: named(body), replaces: damaged, isOther: false };
  }
  const digest = await digestOrNone(pathOfMessage(files.directory, there), place.newHash);
  if (digest === one.sha256)
    return { one, body: there.body, identity: named(there.body), replaces: there, isOther: false };
  const body = Math.max(older, there.body) + 1;
  return { one, body, identity: named(body), replaces: undefined, isOther: true };
};

/** What cannot be read is not known to be equal. */
const digestOrNone = (...args: Parameters<typeof digestOfFile>): Promise<string | undefined> =>
  digestOfFile(...args).catch(() => undefined);

/** Resolves to the path of a file that has become superfluous. */
const nameArrival = async (
  { directory, files, keywords }: Applying,
  { one, identity, body, replaces, isOther }: Arrival,
): Promise<readonly string[]> => {
  const { uid, flags } = one.message;
  const message: MirrorMessage = { place: 'cur', name: nameWith(identity, keywords.lettersOf(flags)), body };
  const path = pathOfMessage(directory, message);
  try {
    await rename(one.temporary, path);
  } catch (error) {
    throw errnoFault(error, 'name', path);
  }
  const there = files.messages.get(uid);
  if (isOther && there !== undefined) files.stale.push(there);
  files.messages.set(uid, message);
  files.damaged.delete(uid);
  const replaced = replaces === undefined ? path : pathOfMessage(directory, replaces);
  return replaced === path ? [] : [replaced];
};
