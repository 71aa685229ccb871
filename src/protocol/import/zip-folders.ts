import { mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { type ByteString, byteStringOfText, displayText } from '../../model/byte-string.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { isFromLine } from '../../mail/mbox/from-line.ts';
import { formatBytes } from '../../model/size.ts';
import { errnoFault } from '../../system/errno.ts';
import { folderName } from './folder-name.ts';
import type { FoundPart, ImportFolder } from './imported-message.ts';
import { mboxMessages } from './mbox-messages.ts';
import { openZip, type ZipMember } from './zip-archive.ts';
import { mboxFolderNames, zipFileKind } from './zip-names.ts';

/** Left free on the disk that mboxes are unpacked to. */
const reserve = 256 * 1_048_576;

/**
 * Mail in a zip: `.eml` files, read where they lie, its folders being mail folders; and mboxes, as Google's Takeout has them,
 * each unpacked to a temporary file, since its messages are read from the middle. What else there is is told once.
 */
export async function* zipFolders(path: string, temporary: string, run: Run): AsyncGenerator<ImportFolder, void> {
  const leftOut: string[] = [];
  const wants = (name: string): boolean => {
    const kind = zipFileKind(name);
    if (kind === 'other') leftOut.push(name);
    return kind !== 'other' && kind !== 'system';
  };
  const archive = await openZip(path, wants, run);
  const close = async (): Promise<void> => archive.close();
  try {
    const { messages, boxes, others } = await sorted(archive.members, run);
    tellLeftOut([...leftOut, ...others], run);
    if (messages.size + boxes.length === 0) await close();
    const nameOf = mboxFolderNames(boxes.map(({ levels }) => levels));
    for (const [name, members] of messages) yield { name, messages: () => found(path, members), close };
    for (const box of boxes) yield mboxFolder(box, nameOf(box.levels), { temporary, run, close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface SortedMembers {
  readonly messages: ReadonlyMap<ByteString, readonly ZipMember[]>;
  readonly boxes: readonly ZipMember[];
  readonly others: readonly string[];
}

const sorted = async (members: readonly ZipMember[], run: Run): Promise<SortedMembers> => {
  const messages = new Map<ByteString, ZipMember[]>();
  const boxes: ZipMember[] = [];
  const others: string[] = [];
  for (const member of members) {
    throwIfInterrupted(run);
    const path = member.levels.join('/');
    const kind = zipFileKind(path);
    if (kind === 'message') {
      const name = folderName(member.levels.length > 1 ? member.levels.slice(0, -1) : ['INBOX']);
      const own = messages.get(name);
      if (own === undefined) messages.set(name, [member]);
      else own.push(member);
    } else if (kind === 'mbox' || (await beginsLikeMbox(member))) boxes.push(member);
    else others.push(path);
  }
  return { messages, boxes, others };
};

const longestLine = 1000;

/** What cannot be read is taken for one, so that it is told and not passed over. */
const beginsLikeMbox = async (member: ZipMember): Promise<boolean> => {
  let beginning = '';
  try {
    for await (const piece of member.bytes()) {
      beginning += Buffer.from(piece).toString('latin1', 0, longestLine);
      if (beginning.length >= longestLine) break;
    }
  } catch (error) {
    if (isFault(error, ...ofTheMember)) return true;
    throw error;
  }
  return isFromLine(beginning.split(/[\r\n]/, 1)[0] ?? '');
};

const tellLeftOut = (names: readonly string[], run: Run): void => {
  const [first] = [...names].sort();
  if (first === undefined) return;
  const many = names.length === 1 ? '1 file in the zip is no mail' : `${names.length} files in the zip are no mail`;
  const message = `${many}, and left out: ${displayText(byteStringOfText(first))}${names.length === 1 ? '' : ' is the first'}`;
  run.emit({ kind: 'notice', message });
};

async function* found(path: string, members: readonly ZipMember[]): AsyncGenerator<FoundPart, void> {
  for (const { levels, size, modified, bytes } of members) {
    const part = { file: `${path}: ${levels.join('/')}`, start: 0, length: size, unquote: false, open: bytes };
    const time = modified.getTime();
    yield { part, date: undefined, fileDate: BigInt(Number.isFinite(time) ? time : 0) * 1_000_000n, flags: [] };
  }
}

const mboxFolder = (
  member: ZipMember,
  name: ByteString,
  { temporary, run, close }: { readonly temporary: string; readonly run: Run; readonly close: () => Promise<void> },
): ImportFolder => {
  let folder: string | undefined;
  return {
    name,
    messages: async function* () {
      folder = await mkdtemp(join(temporary, 'mailkeep-import-'));
      const file = join(folder, 'mbox');
      const fault = await unpack(member, file, run);
      yield* mboxMessages(file, run);
      if (fault !== undefined) throw fault;
    },
    close: async () => {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
      await close();
    },
  };
};

/** What is wrong with the file in the zip: what came of it until then is there, and worth reading. */
const ofTheMember = ['entry-unreadable', 'entry-unsupported'] as const;

const unpack = async (member: ZipMember, path: string, run: Run): Promise<Fault | undefined> => {
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
    return undefined;
  } catch (error) {
    if (isFault(error, ...ofTheMember)) return error;
    throw errnoFault(error, 'unpack to', path);
  }
};
