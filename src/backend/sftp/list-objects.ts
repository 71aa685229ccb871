import type { ListedObject, ObjectKind } from '../../contract/backend.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { below, isTemporaryName, kindFolder, packFolders } from '../local-layout.ts';
import { isObjectName } from '../object-name.ts';
import { acceptMissingFolder } from './folders.ts';
import type { SftpEntry } from './packet.ts';
import type { SftpPool } from './session-pool.ts';
import { eachEntry, filesAmong } from './read-file.ts';
import { isRefusal, isRegular, sftpStatus, statIfThere } from './request.ts';
import type { SftpSession } from './session.ts';

/** Folders that are listed at once. */
const atOnce = 16;
/** Objects in a page where one folder holds all. */
const pageSize = 1000;
const day = 86_400n;

export interface Listing {
  readonly pool: SftpPool;
  readonly base: ByteString;
  readonly kind: ObjectKind;
  /** Is told what writes that died more than a day ago have left. */
  readonly onLeftover: (path: ByteString) => void;
}

const isOld = ({ attributes }: SftpEntry, run: Run): boolean =>
  attributes.mtime !== undefined && BigInt(attributes.mtime) + day < run.now() / 1_000_000_000n;

/** The objects of one folder; a folder that is missing has none. */
const listFolder = async (
  session: SftpSession,
  folder: ByteString,
  { base, kind, onLeftover }: Listing,
  run: Run,
): Promise<readonly ListedObject[]> => {
  const found: ListedObject[] = [];
  const prefix = kind === 'pack' ? folder.slice(-2) : '';
  try {
    await eachEntry(session, folder, async (entries) => {
      throwIfInterrupted(run);
      for (const entry of entries) {
        if (isTemporaryName(entry.name) && isOld(entry, run)) onLeftover(below(folder, entry.name));
      }
      const named = entries.filter(({ name }) => isObjectName(kind, name) && name.startsWith(prefix));
      found.push(...(await filesAmong(session, folder, named)));
    });
  } catch (error) {
    if (!isRefusal(error, sftpStatus.noSuchFile)) throw error;
    await acceptMissingFolder(session, base, error);
  }
  return found;
};

const foldersOf = async (session: SftpSession, { base, kind }: Listing): Promise<readonly ByteString[]> => {
  if (kind === 'config') return [];
  const top = below(base, kindFolder[kind]);
  if (kind !== 'pack') return [top];
  const names = new Set<string>();
  try {
    await eachEntry(session, top, (entries) => {
      for (const { name } of entries) names.add(name);
    });
  } catch (error) {
    if (!isRefusal(error, sftpStatus.noSuchFile)) throw error;
    await acceptMissingFolder(session, base, error);
  }
  return packFolders.filter((name) => names.has(name)).map((name) => below(top, name));
};

/** All objects of a kind, in pages. No session is held while a page is looked at. Rejects with the server's refusal. */
export async function* listObjects(listing: Listing, run: Run): AsyncGenerator<readonly ListedObject[]> {
  const { pool, base, kind } = listing;
  if (kind === 'config') {
    const found = await pool.use(run, (session) => statIfThere(session, below(base, 'config')));
    if (found !== undefined && isRegular(found)) yield [{ name: '', size: found.size ?? 0 }];
    return;
  }
  const folders = await pool.use(run, (session) => foldersOf(session, listing));
  for (let at = 0; at < folders.length; at += atOnce) {
    const objects = await pool.use(run, async (session) => {
      const some = folders.slice(at, at + atOnce).map((folder) => listFolder(session, folder, listing, run));
      return (await Promise.all(some)).flat();
    });
    for (let from = 0; from < objects.length; from += pageSize) {
      yield objects.slice(from, from + pageSize);
      throwIfInterrupted(run);
    }
  }
  throwIfInterrupted(run);
}
