import { createHash } from 'node:crypto';
import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { Delivery, ReadRequest, Verdict } from '../../../contract/source.ts';
import { createMessageDigest, type MessageDigest } from '../../../mail/direct/message-digest.ts';
import { Fault } from '../../../model/fault.ts';
import type { ImapScan } from '../scan/account-scan.ts';
import type { CapturedBlock, CapturedMessage } from './captured-block.ts';

/** What the content of an entry of ours is. */
export type ContentKey =
  | { readonly kind: 'message'; readonly block: CapturedBlock; readonly message: CapturedMessage }
  /** Made when it is asked for: what it says depends on how the reading before it went. */
  | { readonly kind: 'made'; make(): Uint8Array };

const isContentKey = (key: unknown): key is ContentKey =>
  typeof key === 'object' && key !== null && 'kind' in key && (key.kind === 'message' || key.kind === 'made');

const keyOf = ({ content }: ReadRequest): ContentKey => {
  if (content.kind === 'delivered' && isContentKey(content.key)) return content.key;
  throw new Fault('internal', 'an account was asked for a content that is not its own');
};

interface MessageRead {
  readonly request: number;
  readonly block: CapturedBlock;
  readonly message: CapturedMessage;
  /** From its first bytes until its verdict: a hash holds memory that the collector does not see. */
  digest: MessageDigest | undefined;
}

export interface Fetched {
  messages: number;
  bytes: number;
}

/** Messages first, over all connections; then what tells of them. */
export async function* readAccount(
  scan: ImapScan,
  { requests, fetched }: { readonly requests: readonly ReadRequest[]; readonly fetched: Fetched },
  run: Run,
): AsyncGenerator<Delivery, void> {
  throwIfInterrupted(run);
  const reads: MessageRead[] = [];
  const made: { readonly request: number; make(): Uint8Array }[] = [];
  for (const [request, wanted] of requests.entries()) {
    const key = keyOf(wanted);
    if (key.kind === 'made') made.push({ request, make: () => key.make() });
    else reads.push({ ...key, request, digest: undefined });
  }
  if (reads.length > 0) yield* readBodies(scan, { reads, fetched }, run);
  for (const { request, make } of made) {
    throwIfInterrupted(run);
    const bytes = make();
    const { length } = bytes;
    const own = new Uint8Array(bytes);
    const pieces = length === 0 ? [] : [{ request, position: 0, start: 0, length }];
    yield { bytes: own, pieces, verdicts: [{ request, verdict: { kind: 'complete', bytes: length } }] };
  }
}

async function* readBodies(
  scan: ImapScan,
  { reads, fetched }: { readonly reads: readonly MessageRead[]; readonly fetched: Fetched },
  run: Run,
): AsyncGenerator<Delivery, void> {
  const wanted = reads.map(({ block, message }) => ({ place: block.place, uid: message.uid, size: message.size }));
  for await (const { bytes, pieces, verdicts, recycle } of scan.readMany(wanted, run)) {
    for (const { request, start, length } of pieces) {
      const read = reads[request];
      if (read !== undefined) digestOf(read).update(bytes.subarray(start, start + length));
      fetched.bytes += length;
    }
    for (const { request, verdict } of verdicts) note(reads[request], verdict, fetched);
    yield {
      bytes,
      pieces: pieces.map((piece) => ({ ...piece, request: reads[piece.request]?.request ?? 0 })),
      verdicts: verdicts.map(({ request, verdict }) => ({ request: reads[request]?.request ?? 0, verdict })),
      ...(recycle === undefined ? {} : { recycle }),
    };
  }
}

const digestOf = (read: MessageRead): MessageDigest => (read.digest ??= createMessageDigest(createHash('sha256')));

const note = (read: MessageRead | undefined, verdict: Verdict, fetched: Fetched): void => {
  if (read === undefined) return;
  const { message } = read;
  if (verdict.kind === 'complete' || verdict.kind === 'changed') {
    fetched.messages++;
    message.content = { kind: 'read', sha256: digestOf(read).digest(), bytes: verdict.bytes };
  } else if (verdict.kind === 'gone') message.content = { kind: 'gone' };
  else message.content = { kind: 'failed', fault: verdict.fault };
  read.digest = undefined;
};
