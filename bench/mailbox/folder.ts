import {
  closeSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { composeMessage, makeAttachment, type MessageOrder } from './message.ts';
import { addressOf, type FolderPlan, type MailboxOptions, planFolders, scaleOf } from './plan.ts';
import { type Random, randomFor } from './random.ts';

export interface Written {
  readonly messages: number;
  readonly bytes: number;
}

export interface Changed {
  readonly added: number;
  readonly addedBytes: number;
  readonly renamed: number;
}

/** A folder to change: `added` new messages, `renamed` ones get other flags. */
export interface FolderChange {
  readonly folder: FolderPlan;
  readonly round: number;
  readonly added: number;
  readonly renamed: number;
}

/** What all folders of a mailbox have in common. */
interface Theme {
  readonly options: MailboxOptions;
  readonly scale: number;
  /** How many different files are attached all over; 0: each is new. */
  readonly attachments: number;
  /** How many different messages were sent to many folders; 0: none. */
  readonly broadcasts: number;
}

type Writer = (folder: FolderPlan) => Written;

const host = 'mail01';
const start = 1_325_376_000; // 2012-01-01
const end = 1_748_736_000; // 2025-06-01
const broadcastsOfTwenty = 7;
const useOfAttachment = 8;
const copiesOfBroadcast = 15;

/** A function that writes any of the mailbox's folders, whole: it does not matter in which order or by whom. */
export function folderWriter(options: MailboxOptions): Writer {
  const theme = themeOf(options);
  return (folder) => writeFolder(theme, folder);
}

function themeOf(options: MailboxOptions): Theme {
  const scale = scaleOf(options);
  if (options.kind !== 'shared-attachments') return { options, scale, attachments: 0, broadcasts: 0 };
  const largest = Math.max(...planFolders(options).map((folder) => broadcastsIn(folder.messages)));
  return {
    options,
    scale,
    attachments: Math.max(2, Math.round((options.messages * 0.13) / useOfAttachment)),
    broadcasts: Math.max(largest, Math.round(broadcastsIn(options.messages) / copiesOfBroadcast)),
  };
}

function broadcastsIn(messages: number): number {
  return Math.floor(messages / 20) * broadcastsOfTwenty + Math.min(messages % 20, broadcastsOfTwenty);
}

function writeFolder(theme: Theme, folder: FolderPlan): Written {
  const { options } = theme;
  const path = join(options.directory, folder.path);
  for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(path, name), { recursive: true, mode: 0o700 });
  const random = randomFor(options.seed, 'folder', folder.index);
  const processId = 1000 + random.below(30_000);
  const list = openUidList(path, random, folder.messages + 1);
  let bytes = 0;
  for (let index = 0; index < folder.messages; index++) {
    const delivered = Math.floor(start + ((end - start) * (index + random.unit())) / folder.messages);
    const message = composeMessage(orderOf(theme, folder, { index, delivered }));
    const name = baseName({ delivered, random, processId, message });
    // Mail of the last days that nobody has looked at yet is in new/, without flags.
    const isNew = index >= folder.messages - Math.ceil(folder.messages / 100);
    const fileName = isNew ? name : `${name}:2,${flags(random)}`;
    writeMessage(join(path, isNew ? 'new' : 'cur', fileName), message, delivered);
    list.add(index + 1, fileName);
    bytes += message.length;
  }
  list.close();
  writeControlFiles(path, folder, random);
  return { messages: folder.messages, bytes };
}

function orderOf(theme: Theme, folder: FolderPlan, at: { index: number; delivered: number }): MessageOrder {
  const { options, scale } = theme;
  const delivery = randomFor(options.seed, 'message', folder.index, at.index);
  const common = { kind: options.kind, scale, delivery, recipient: addressOf(folder.account) };
  const attachment: MessageOrder['attachment'] = (content) =>
    theme.attachments === 0 ? makeAttachment(content, scale) : pooledAttachment(theme, content);
  const position = at.index % 20;
  if (theme.broadcasts > 0 && position < broadcastsOfTwenty) {
    const which = broadcastOf(theme, folder, Math.floor(at.index / 20) * broadcastsOfTwenty + position);
    const content = randomFor(options.seed, 'broadcast', which);
    return { ...common, attachment, content, sent: start + Math.floor(((end - start) * which) / theme.broadcasts) };
  }
  return { ...common, attachment, content: delivery, sent: at.delivered };
}

/** Which of the messages sent to many is the folder's nth of its kind: no folder gets one twice. */
function broadcastOf(theme: Theme, folder: FolderPlan, nth: number): number {
  const phase = randomFor(theme.options.seed, 'phase', folder.index).unit();
  return Math.min(theme.broadcasts - 1, Math.floor(((nth + phase) * theme.broadcasts) / broadcastsIn(folder.messages)));
}

function pooledAttachment(theme: Theme, content: Random): ReturnType<typeof makeAttachment> {
  const which = Math.floor(theme.attachments * content.unit() ** 1.5);
  return makeAttachment(randomFor(theme.options.seed, 'attachment', which), theme.scale);
}

interface NameParts {
  readonly delivered: number;
  readonly random: Random;
  readonly processId: number;
  readonly message: Buffer;
}

/** The name that Dovecot gives: with the size on disk, and the size with CRLF. */
function baseName({ delivered, random, processId, message }: NameParts): string {
  const size = message.length;
  return `${delivered}.M${random.below(1_000_000)}P${processId}.${host},S=${size},W=${size + countLines(message)}`;
}

function countLines(message: Buffer): number {
  let count = 0;
  for (let at = message.indexOf(10); at !== -1; at = message.indexOf(10, at + 1)) count++;
  return count;
}

function flags(random: Random): string {
  return `${random.unit() < 0.06 ? 'F' : ''}${random.unit() < 0.25 ? 'R' : ''}${random.unit() < 0.9 ? 'S' : ''}${random.unit() < 0.05 ? 'a' : ''}`;
}

/** Writes a message that must not be there yet; its mtime is its INTERNALDATE. */
function writeMessage(path: string, message: Buffer, delivered: number): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, message);
    futimesSync(file, delivered, delivered);
  } finally {
    closeSync(file);
  }
}

interface UidList {
  readonly add: (uid: number, fileName: string) => void;
  readonly close: () => void;
}

/** A dovecot-uidlist of version 3, written piece by piece. */
function openUidList(path: string, random: Random, next: number): UidList {
  const file = openSync(join(path, 'dovecot-uidlist'), 'wx', 0o600);
  const guid = random.bytes(16).toString('hex');
  let text = `3 V${start + random.below(end - start)} N${next} G${guid}\n`;
  const flush = (): void => {
    writeSync(file, text);
    text = '';
  };
  return {
    add: (uid, fileName) => {
      text += `${uid} :${fileName}\n`;
      if (text.length > 100_000) flush();
    },
    close: () => {
      flush();
      closeSync(file);
    },
  };
}

function writeControlFiles(path: string, folder: FolderPlan, random: Random): void {
  const write = (name: string, text: string): void => writeFileSync(join(path, name), text, { mode: 0o600 });
  write('dovecot-keywords', '0 $Forwarded\n1 $Important\n');
  if (!folder.isInbox) {
    write('maildirfolder', '');
    return;
  }
  write('subscriptions', 'V\t2\n\nSent\nDrafts\nTrash\nArchive\nArchive\t2019\n');
  write(
    'dovecot-uidvalidity',
    random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  );
}

/** New messages (half of them in new/) and other flags, as a day does; sorted names make it reproducible. */
export function changeFolder(options: MailboxOptions, { folder, round, added, renamed }: FolderChange): Changed {
  const path = join(options.directory, folder.path);
  const random = randomFor(options.seed, 'change', round, folder.index);
  const count = renameSome(join(path, 'cur'), random, renamed);
  const listPath = join(path, 'dovecot-uidlist');
  const [header = '', ...lines] = readFileSync(listPath, 'utf8').trimEnd().split('\n');
  let next = Number(/ N(\d+)/.exec(header)?.[1] ?? '1');
  const theme = themeOf(options);
  let bytes = 0;
  for (let index = 0; index < added; index++) {
    const delivered = end + round * 86_400 + Math.floor((86_400 * index) / added);
    // An index far beyond the mailbox's own, and never one of a message sent to many.
    const order = orderOf(theme, folder, { index: 19 + 20 * (1_000_000 * round + index + 1), delivered });
    const message = composeMessage(order);
    const name = baseName({ delivered, random, processId: 1000 + random.below(30_000), message });
    const fileName = index % 2 === 0 ? name : `${name}:2,S`;
    writeMessage(join(path, index % 2 === 0 ? 'new' : 'cur', fileName), message, delivered);
    lines.push(`${next++} :${fileName}`);
    bytes += message.length;
  }
  if (added > 0) {
    const text = [header.replace(/ N\d+/, ` N${next}`), ...lines, ''].join('\n');
    writeFileSync(`${listPath}.lock`, text, { mode: 0o600 });
    renameSync(`${listPath}.lock`, listPath);
  }
  return { added, addedBytes: bytes, renamed: count };
}

/** Toggles \Flagged of `wanted` messages evenly over the folder: a rename, nothing else. */
function renameSome(cur: string, random: Random, wanted: number): number {
  if (wanted === 0) return 0;
  const names = readdirSync(cur).sort();
  const count = Math.min(wanted, names.length);
  for (let index = 0; index < count; index++) {
    // Whole numbers as borders: two shares must not meet in one name.
    const from = Math.floor((index * names.length) / count);
    const name = names[from + random.below(Math.floor(((index + 1) * names.length) / count) - from)];
    if (name === undefined) throw new RangeError('no such message');
    const [base = '', info = ''] = name.split(':2,');
    const letters = info.includes('F') ? info.replace('F', '') : `F${info}`;
    renameSync(join(cur, name), join(cur, `${base}:2,${letters.split('').sort().join('')}`));
  }
  return count;
}
