import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, unlinkSync } from 'node:fs';
import type { Run } from '../../../contract/run.ts';
import type { Content, Source, Verdict } from '../../../contract/source.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { Entry } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import { nativePath } from '../../../system/native-path.ts';
import { setMetadata, type Abilities } from '../../../system/file-metadata.ts';
import { inContext, writeWhole } from '../disk/append-file.ts';
import { onDisk } from '../threads/disk-metadata.ts';

/** How a read ended: `read` with what it was. */
export type Delivered =
  | { readonly kind: 'read'; readonly bytes: number; readonly sha256: string; readonly changed: boolean }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly fault: Fault };

/** Takes bytes in order; what it is handed may be used only until it resolves. */
export type ByteSink = (bytes: Uint8Array) => void | Promise<void>;

/** Has a source deliver one entry. Rejects with what the sink threw. */
export const deliver = async (
  source: Source,
  { entry, content }: { readonly entry: Entry; readonly content: Content },
  sink: ByteSink,
  run: Run,
): Promise<Delivered> => {
  const digest = createHash('sha256');
  let bytes = 0;
  let verdict: Verdict | undefined;
  for await (const delivery of source.read([{ entry, content }], 'in-order', run)) {
    for (const { start, length } of delivery.pieces) {
      const piece = delivery.bytes.subarray(start, start + length);
      digest.update(piece);
      await sink(piece);
      bytes += length;
    }
    verdict = delivery.verdicts[0]?.verdict ?? verdict;
    delivery.recycle?.();
  }
  if (verdict === undefined) throw new Fault('internal', `the source gave no verdict on ${entry.name}`);
  if (verdict.kind === 'gone' || verdict.kind === 'failed') return verdict;
  if (verdict.bytes !== bytes) {
    const message = `the source delivered ${bytes} bytes and called it ${verdict.bytes}`;
    return { kind: 'failed', fault: new Fault('entry-unreadable', message) };
  }
  return { kind: 'read', bytes, sha256: digest.digest('hex'), changed: verdict.kind === 'changed' };
};

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Has a source deliver an entry into a file that is not there yet; nothing of it stays unless it was read. */
export const deliverToFile = async (
  source: Source,
  request: { readonly entry: Entry; readonly content: Content },
  { to, abilities }: { readonly to: ByteString; readonly abilities: Abilities },
  run: Run,
): Promise<Delivered> => {
  const file = inContext(to, () => openSync(nativePath(to), newFile, 0o600));
  let isRead = false;
  try {
    let position = 0;
    const sink = (bytes: Uint8Array): void => {
      inContext(to, () => writeWhole(file, bytes, position));
      position += bytes.length;
    };
    const delivered = await deliver(source, request, sink, run);
    if (delivered.kind === 'read') {
      const { metadata } = onDisk(request.entry, abilities);
      inContext(to, () => setMetadata({ descriptor: file, path: to, metadata, tidy: false }, abilities.posix));
      isRead = true;
    }
    return delivered;
  } finally {
    closeSync(file);
    if (!isRead) unlinkSync(nativePath(to));
  }
};
