import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type Changed, changeFolder, type Written } from './mailbox/folder.ts';
import type { FolderWork } from './mailbox/folder-worker.ts';
import { foldersOfAnAccount, type MailboxKind, type MailboxOptions, planFolders } from './mailbox/plan.ts';

export interface Summary {
  readonly messages: number;
  /** Sum of the messages' sizes, without control files. */
  readonly bytes: number;
  readonly folders: number;
  readonly accounts: number;
}

export interface ChangeOptions {
  /** A change of its own for each round, counted from 1. */
  readonly round: number;
  /** Share of new messages and of renamed ones in the whole mailbox; 0.01 each by default. */
  readonly added?: number;
  readonly renamed?: number;
  /** Share of the folders that anything happens in; 1 by default, which is the hardest. */
  readonly folders?: number;
}

/** Writes a mailbox into a directory that is empty or not there yet. Same options, same bytes, names and mtimes. */
export async function generateMailbox(options: MailboxOptions): Promise<Summary> {
  if (existsSync(options.directory) && readdirSync(options.directory).length > 0) {
    throw new Error(`${options.directory} is not empty`);
  }
  mkdirSync(options.directory, { recursive: true, mode: 0o700 });
  const work: FolderWork = { options, next: new SharedArrayBuffer(4) };
  const threads = Math.min(options.folders, Math.max(2, availableParallelism()));
  const done = await Promise.all(Array.from({ length: threads }, () => runWorker(work)));
  return {
    messages: done.reduce((sum, { messages }) => sum + messages, 0),
    bytes: done.reduce((sum, { bytes }) => sum + bytes, 0),
    folders: options.folders,
    accounts: Math.ceil(options.folders / foldersOfAnAccount),
  };
}

function runWorker(work: FolderWork): Promise<Written> {
  return new Promise((resolve, reject) => {
    let messages = 0;
    let bytes = 0;
    const worker = new Worker(new URL('./mailbox/folder-worker.ts', import.meta.url), { workerData: work });
    worker.on('message', (written: Written) => {
      messages += written.messages;
      bytes += written.bytes;
    });
    worker.on('error', reject);
    worker.on('exit', (code) => {
      if (code === 0) resolve({ messages, bytes });
      else reject(new Error(`a worker ended with ${code}`));
    });
  });
}

/** Lets a day pass in a mailbox made with the same options: mail arrives, flags change. Nothing is changed in place. */
export function changeMailbox(options: MailboxOptions, change: ChangeOptions): Changed {
  const all = planFolders(options);
  const wanted = Math.max(1, Math.round(all.length * (change.folders ?? 1)));
  const step = all.length / wanted;
  const folders = Array.from({ length: wanted }, (_, index) => all[Math.floor(index * step)]).filter(
    (folder) => folder !== undefined,
  );
  const messages = folders.reduce((sum, folder) => sum + folder.messages, 0);
  let sum: Changed = { added: 0, addedBytes: 0, renamed: 0 };
  let before = 0;
  for (const folder of folders) {
    // Both ends are rounded, so that the folders' shares add up to the whole.
    const share = (part: number): number =>
      Math.round((part * options.messages * (before + folder.messages)) / messages) -
      Math.round((part * options.messages * before) / messages);
    const numbers = { added: share(change.added ?? 0.01), renamed: share(change.renamed ?? 0.01) };
    const done = changeFolder(options, { folder, round: change.round, ...numbers });
    before += folder.messages;
    sum = {
      added: sum.added + done.added,
      addedBytes: sum.addedBytes + done.addedBytes,
      renamed: sum.renamed + done.renamed,
    };
  }
  return sum;
}

/** `1.5G`, `300M`, `2k` or plain bytes; powers of ten. */
export function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(text);
  if (match === null) throw new Error(`${text} is no size: 300M, 1.5G`);
  const unit = { '': 1, k: 1e3, M: 1e6, G: 1e9 }[match[2] ?? ''] ?? 1;
  return Math.round(Number(match[1]) * unit);
}

function parseKind(text: string): MailboxKind {
  if (text === 'standard' || text === 'shared-attachments' || text === 'tiny') return text;
  throw new Error(`${text} is no kind: standard, shared-attachments, tiny`);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`${text} is no number of anything`);
  return count;
}

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      out: { type: 'string' },
      messages: { type: 'string', default: '50000' },
      bytes: { type: 'string' },
      folders: { type: 'string' },
      seed: { type: 'string', default: '1' },
      kind: { type: 'string', default: 'standard' },
      change: { type: 'string' },
    },
  });
  if (values.out === undefined) {
    throw new Error(
      'usage: node bench/generate-mailbox.ts --out DIR [--messages 50000] [--bytes 1.5G] [--folders 100] [--seed 1] [--kind standard|shared-attachments|tiny] [--change ROUND]',
    );
  }
  const kind = parseKind(values.kind);
  const messages = parseCount(values.messages);
  const options: MailboxOptions = {
    directory: values.out,
    kind,
    messages,
    bytes: values.bytes === undefined ? messages * (kind === 'tiny' ? 2_000 : 30_000) : parseSize(values.bytes),
    folders:
      values.folders === undefined
        ? Math.max(1, Math.round(messages / (kind === 'tiny' ? 1000 : 500)))
        : parseCount(values.folders),
    seed: Number(values.seed),
  };
  const result =
    values.change === undefined
      ? await generateMailbox(options)
      : changeMailbox(options, { round: parseCount(values.change) });
  console.log(JSON.stringify(result));
}

if (import.meta.main) {
  await main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  });
}
