import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { type ByteString, byteStringOfText, displayText } from '../../model/byte-string.ts';
import { isFault } from '../../model/fault.ts';
import { isFromLine } from '../../mail/mbox/from-line.ts';
import { folderName } from './folder-name.ts';
import type { FoundPart, ImportFolder } from './imported-message.ts';
import { sweepUnpacked, type UnpackedMbox, unpackMbox } from './unpacked-mbox.ts';
import { openZip, type ZipMember } from './zip-archive.ts';
import { mboxFolderNames, zipFileKind } from './zip-names.ts';

/**
 * Mail in a zip: `.eml` files, read where they lie, its folders being mail folders; and mboxes, as Google's Takeout has them,
 * each unpacked to a temporary file, since its messages are read from the middle. What else there is is told once. What runs
 * that were killed have left in the temporary folder is removed.
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
    await sweepUnpacked(temporary, run);
    const nameOf = mboxFolderNames(boxes.map(({ levels }) => levels));
    for (const [name, members] of messages) yield { name, messages: () => found(path, members), close };
    for (const box of boxes) yield mboxFolder(box, nameOf(box.levels), { zip: path, temporary, run, close });
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
/** What is wrong with a file of the zip, and with no other. */
const ofTheMember = ['entry-unreadable', 'entry-unsupported'] as const;

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

interface MboxPlace {
  readonly zip: string;
  readonly temporary: string;
  readonly run: Run;
  readonly close: () => Promise<void>;
}

const mboxFolder = (member: ZipMember, name: ByteString, { zip, temporary, run, close }: MboxPlace): ImportFolder => {
  let unpacked: UnpackedMbox | undefined;
  return {
    name,
    messages: async function* () {
      unpacked = await unpackMbox(member, { zip, temporary }, run);
      yield* unpacked.messages();
    },
    close: async () => {
      await unpacked?.close();
      await close();
    },
  };
};
