import { createHash } from 'node:crypto';
import type {
  AccountScan,
  KnownMessage,
  MessageHeader,
  ScanBase,
  ScannedBlock,
  ScannedFolder,
  ScannedMessage,
} from '../../../contract/account-scan.ts';
import type { Run } from '../../../contract/run.ts';
import type { Delivery } from '../../../contract/source.ts';
import { type ByteString, byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { Fault } from '../../../model/fault.ts';
import { blockOfUid } from '../../../mail/direct/block-name.ts';
import { canonicalFlags } from '../../../mail/direct/flags.ts';
import { digestsOf } from './mirror-block.ts';

export interface ServerMessage {
  readonly content: string;
  readonly flags?: readonly string[];
  /** Seconds since 1970. */
  readonly date?: number;
  /** RFC822.SIZE; default: the truth. */
  readonly size?: number;
}

export interface ServerFolder {
  uidValidity: number;
  delimiter?: string;
  subscribed?: boolean;
  /** It cannot be read. */
  fault?: Fault;
  readonly messages: Map<number, ServerMessage>;
}

/** A server in memory, and a scan of it as the one over IMAP is: it compares all flags, sizes and dates. */
export interface MemoryServer {
  readonly folders: Map<string, ServerFolder>;
  /** UIDs that were read since the last `forget`. */
  readonly read: string[];
  /** Called with each message before it is delivered. */
  onRead: (name: string, uid: number) => void;
  scan(): AccountScan;
}

const newHash = () => createHash('sha256');
const name = byteStringOfLatin1;

export const memoryServer = (given: Readonly<Record<string, ServerFolder>>): MemoryServer => {
  const server: MemoryServer = {
    folders: new Map(Object.entries(given)),
    read: [],
    onRead: () => undefined,
    scan: () => ({
      description: 'memory',
      folders: (base, run) => foldersOf(server, base, run),
      counts: () => [...server.folders.values()].map(({ messages }) => messages.size),
      read: (place, uids) => readFrom(server, place.name, uids),
      headers: (place, uids) => headersFrom(server, place.name, uids),
      close: async () => undefined,
    }),
  };
  return server;
};

async function* foldersOf(server: MemoryServer, base: ScanBase, run: Run): AsyncGenerator<ScannedFolder, void> {
  for (const [own, folder] of [...server.folders].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const raw = name(own);
    if (folder.fault !== undefined) {
      yield { kind: 'carried', name: raw, fault: folder.fault };
      continue;
    }
    const known = await base.folder(raw, run);
    const record = known?.uidValidity === folder.uidValidity ? known : undefined;
    const uids = [...folder.messages.keys()].sort((left, right) => left - right);
    const state = {
      name: raw,
      delimiter: folder.delimiter ?? '/',
      specialUse: [],
      subscribed: folder.subscribed ?? true,
      uidValidity: folder.uidValidity,
      uidNext: (uids.at(-1) ?? 0) + 1,
      highestModSeq: 1n,
      mailboxId: undefined,
    };
    const blocks = await Array.fromAsync(blocksOf(folder, { raw, base, known: record !== undefined, uids }, run));
    const digests = blocks.map((block) => block.record);
    const isSame =
      record !== undefined &&
      record.subscribed === state.subscribed &&
      record.delimiter === state.delimiter &&
      JSON.stringify(record.blocks) === JSON.stringify(digests);
    if (isSame) yield { kind: 'same', record };
    else yield { kind: 'listed', state, base: record, onServer: uids.length, differences: [], blocks: iterate(blocks) };
  }
}

async function* iterate<Value>(values: readonly Value[]): AsyncGenerator<Value, void> {
  yield* values;
}

interface Looking {
  readonly raw: ByteString;
  readonly base: ScanBase;
  readonly known: boolean;
  readonly uids: readonly number[];
}

async function* blocksOf(
  { messages, uidValidity }: ServerFolder,
  { raw, base, known, uids }: Looking,
  run: Run,
): AsyncGenerator<ScannedBlock, void> {
  for (const [block, own] of Map.groupBy(uids, blockOfUid)) {
    const current = own.map((uid) => currentOf(uid, messages.get(uid)));
    const record = { block, ...digestsOf(current, newHash) };
    const before: readonly KnownMessage[] = known ? await base.block({ name: raw, uidValidity }, block, run) : [];
    if (before.length > 0 && JSON.stringify({ block, ...digestsOf(before, newHash) }) === JSON.stringify(record)) {
      yield { kind: 'same', record };
      continue;
    }
    const earlier = new Map(before.map((message) => [message.uid, message]));
    yield { kind: 'listed', record, messages: current.map((message) => compared(message, earlier.get(message.uid))) };
  }
}

type CurrentMessage = Required<Omit<KnownMessage, 'labels'>>;

const currentOf = (uid: number, message: ServerMessage | undefined): CurrentMessage => ({
  uid,
  flags: canonicalFlags(message?.flags ?? []),
  date: BigInt(message?.date ?? 1_600_000_000) * 1_000_000_000n,
  size: message?.size ?? message?.content.length ?? 0,
});

const compared = (message: CurrentMessage, before: KnownMessage | undefined): ScannedMessage => {
  const { uid, flags, date, size } = message;
  const isOther =
    (before?.size !== undefined && before.size !== size) || (before?.date !== undefined && before.date !== date);
  if (before === undefined || isOther) {
    return { kind: 'fresh', uid, flags, date, offsetMinutes: 0, size, isKnown: before !== undefined, ids: {} };
  }
  if (before.flags.join(' ') === flags.join(' ')) return { kind: 'known', uid };
  return { kind: 'flags', uid, flags, labels: undefined };
};

async function* headersFrom(
  server: MemoryServer,
  raw: ByteString,
  uids: readonly number[],
): AsyncGenerator<readonly MessageHeader[], void> {
  yield uids.flatMap((uid): MessageHeader[] => {
    const text = server.folders.get(raw)?.messages.get(uid)?.content;
    if (text === undefined) return [];
    const end = text.indexOf('\r\n\r\n');
    return [{ uid, header: Uint8Array.from(Buffer.from(end < 0 ? text : text.slice(0, end + 4), 'latin1')) }];
  });
}

async function* readFrom(
  server: MemoryServer,
  raw: ByteString,
  uids: readonly number[],
): AsyncGenerator<Delivery, void> {
  for (const [request, uid] of uids.entries()) {
    server.onRead(raw, uid);
    const message = server.folders.get(raw)?.messages.get(uid);
    if (message === undefined) {
      yield { bytes: new Uint8Array(0), pieces: [], verdicts: [{ request, verdict: { kind: 'gone' } }] };
      continue;
    }
    server.read.push(`${raw} ${uid}`);
    const whole = Uint8Array.from(Buffer.from(message.content, 'latin1'));
    const half = whole.length >> 1;
    for (const [start, end] of [
      [0, half],
      [half, whole.length],
    ] as const) {
      const bytes = whole.slice(start, end);
      const pieces = [{ request, position: start, start: 0, length: bytes.length }];
      yield { bytes, pieces, verdicts: [] };
    }
    yield {
      bytes: new Uint8Array(0),
      pieces: [],
      verdicts: [{ request, verdict: { kind: 'complete', bytes: whole.length } }],
    };
  }
}
