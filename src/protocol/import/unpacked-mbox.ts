import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rmdir, stat, statfs, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { formatBytes } from '../../model/size.ts';
import { errnoFault } from '../../system/errno.ts';
import type { FoundPart } from './imported-message.ts';
import { mboxMessages } from './mbox-messages.ts';
import type { ZipMember } from './zip-archive.ts';

/** Left free on the disk that mboxes are unpacked to. */
const reserve = 256 * 1_048_576;

/** An mbox of a zip, unpacked to a file without a name: what it takes up is free as soon as it is closed, or its process is over. */
export interface UnpackedMbox {
  /** Those that can be read; what is wrong with the rest is thrown at the end. The file is closed when each is done with. */
  messages(): AsyncIterable<FoundPart>;
  close(): Promise<void>;
}

/** Rejects with `disk-full`, `interrupted` and faults of the file system. */
export const unpackMbox = async (
  member: ZipMember,
  { zip, temporary }: { readonly zip: string; readonly temporary: string },
  run: Run,
): Promise<UnpackedMbox> => {
  await mustHaveRoom(member, temporary);
  const file = await openNameless(temporary);
  try {
    const fault = await unpack(member, { file, temporary }, run);
    const source = { path: `${zip}: ${member.levels.join('/')}`, file };
    return { messages: () => countedMessages(source, fault, run), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
};

const mustHaveRoom = async ({ levels, size }: ZipMember, temporary: string): Promise<void> => {
  const { bavail, bsize } = await statfs(temporary).catch((error: unknown) => {
    throw errnoFault(error, 'unpack to', temporary);
  });
  if (size + reserve <= bavail * bsize) return;
  throw new Fault('disk-full', `${levels.join('/')} needs ${formatBytes(size)} to be unpacked`, {
    hint: 'Name a folder on a larger disk in TMPDIR, or unpack the zip yourself and import what is in it.',
  });
};

const prefix = 'mailkeep-import-';

/** Whatever becomes of this process, no more than an empty file can stay. */
const openNameless = async (temporary: string): Promise<FileHandle> => {
  const path = join(temporary, `${prefix}${randomBytes(8).toString('hex')}`);
  try {
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    return file;
  } catch (error) {
    throw errnoFault(error, 'unpack to', path);
  }
};

/** What is wrong with the file in the zip: what came of it until then is there, and worth reading. */
const ofTheMember = ['entry-unreadable', 'entry-unsupported'] as const;

const unpack = async (
  member: ZipMember,
  { file, temporary }: { readonly file: FileHandle; readonly temporary: string },
  run: Run,
): Promise<Fault | undefined> => {
  try {
    for await (const piece of member.bytes()) {
      throwIfInterrupted(run);
      await file.writeFile(piece);
    }
    return undefined;
  } catch (error) {
    if (isFault(error, ...ofTheMember)) return error;
    throw errnoFault(error, 'unpack to', temporary);
  }
};

async function* countedMessages(
  source: { readonly path: string; readonly file: FileHandle },
  fault: Fault | undefined,
  run: Run,
): AsyncGenerator<FoundPart, void> {
  // One for the search itself.
  let open = 1;
  const done = (): void => {
    open--;
    // Nobody waits for it, and a file that cannot be closed is no harm to what was read from it.
    if (open === 0) source.file.close().catch(() => undefined);
  };
  try {
    for await (const found of mboxMessages(source, run)) {
      open++;
      yield { ...found, part: { ...found.part, done } };
    }
  } finally {
    done();
  }
  if (fault !== undefined) throw fault;
}

const day = 86_400_000_000_000n;

/** Removes what processes that were killed have left in a temporary folder: nobody unpacks for a whole day. */
export const sweepUnpacked = async (temporary: string, run: Run): Promise<void> => {
  for (const name of await readdir(temporary).catch(() => [])) {
    if (!/^mailkeep-import-(?:[0-9a-f]{16}|[A-Za-z0-9]{6})$/.test(name)) continue;
    const path = join(temporary, name);
    const found = await stat(path, { bigint: true }).catch(() => undefined);
    if (found === undefined || run.now() - found.mtimeNs < day) continue;
    // What is not ours to remove, or holds something else, stays.
    const removal = found.isDirectory() ? removeFolder(path) : unlink(path);
    await removal.catch(() => undefined);
  }
};

/** Earlier versions made a folder for each. */
const removeFolder = async (path: string): Promise<void> => {
  await unlink(join(path, 'mbox')).catch(() => undefined);
  await rmdir(path);
};
