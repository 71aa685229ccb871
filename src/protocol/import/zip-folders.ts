import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import { formatBytes } from '../../model/size.ts';
import { errnoFault } from '../../system/errno.ts';
import { folderName, withoutSuffix } from './folder-name.ts';
import type { FoundPart, ImportFolder } from './imported-message.ts';
import { mboxMessages } from './mbox-messages.ts';
import { openZip, type ZipMember } from './zip-archive.ts';

const isMessage = (name: string): boolean => /\.eml$/i.test(name);
const isMbox = (name: string): boolean => /\.(?:mbox|mbx)$/i.test(name);

/** Left free on the disk that mboxes are unpacked to. */
const reserve = 256 * 1_048_576;

/**
 * Mail in a zip: `.eml` files, read where they lie, its folders being mail folders; and mboxes, as Google's Takeout has them,
 * each unpacked to a temporary file, since its messages are read from the middle.
 */
export async function* zipFolders(path: string, temporary: string, run: Run): AsyncGenerator<ImportFolder, void> {
  const archive = await openZip(path, (name) => isMessage(name) || isMbox(name), run);
  const messages = new Map<ByteString, ZipMember[]>();
  const boxes: ZipMember[] = [];
  for (const member of archive.members) {
    if (isMbox(member.levels.at(-1) ?? '')) boxes.push(member);
    else {
      const name = folderName(member.levels.length > 1 ? member.levels.slice(0, -1) : ['INBOX']);
      const own = messages.get(name);
      if (own === undefined) messages.set(name, [member]);
      else own.push(member);
    }
  }
  const close = async (): Promise<void> => archive.close();
  if (messages.size + boxes.length === 0) await close();
  for (const [name, members] of messages) yield { name, messages: () => found(path, members), close };
  for (const box of boxes) yield mboxFolder(box, temporary, { run, close });
}

async function* found(path: string, members: readonly ZipMember[]): AsyncGenerator<FoundPart, void> {
  for (const { levels, size, modified, bytes } of members) {
    const part = { file: `${path}: ${levels.join('/')}`, start: 0, length: size, unquote: false, open: bytes };
    const time = modified.getTime();
    yield { part, date: undefined, fileDate: BigInt(Number.isFinite(time) ? time : 0) * 1_000_000n, flags: [] };
  }
}

const mboxFolder = (
  member: ZipMember,
  temporary: string,
  { run, close }: { readonly run: Run; readonly close: () => Promise<void> },
): ImportFolder => {
  // Google's own two folders around its mboxes are no mail folders.
  const own = /^takeout$/i.test(member.levels[0] ?? '') ? member.levels.slice(2) : member.levels;
  const levels = own.map((level, at) => (at === own.length - 1 ? withoutSuffix(level) : level));
  let folder: string | undefined;
  return {
    name: folderName(levels),
    messages: async function* () {
      folder = await mkdtemp(join(temporary, 'mailkeep-import-'));
      const file = join(folder, 'mbox');
      await unpack(member, file, run);
      yield* mboxMessages(file, run);
    },
    close: async () => {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
      await close();
    },
  };
};

const unpack = async (member: ZipMember, path: string, run: Run): Promise<void> => {
  try {
    const { bavail, bsize } = await statfs(join(path, '..'));
    if (member.size + reserve > bavail * bsize) {
      throw new Fault('disk-full', `${member.levels.join('/')} needs ${formatBytes(member.size)} to be unpacked`, {
        hint: 'Name a folder on a larger disk in TMPDIR, or unpack the zip yourself and import what is in it.',
      });
    }
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const piece of member.bytes()) {
        throwIfInterrupted(run);
        await file.writeFile(piece);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw errnoFault(error, 'unpack to', path);
  }
};
