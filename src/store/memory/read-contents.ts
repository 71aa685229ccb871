import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import type { ReadRequest, Source, Verdict } from '../../contract/source.ts';
import { Fault } from '../../model/fault.ts';

export type ReadContent =
  | { readonly kind: 'read'; readonly bytes: Uint8Array; readonly changed: boolean }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly fault: Fault };

const judged = (parts: readonly Uint8Array[], verdict: Verdict): ReadContent => {
  if (verdict.kind === 'gone' || verdict.kind === 'failed') return verdict;
  const bytes = new Uint8Array(Buffer.concat(parts));
  if (bytes.length === verdict.bytes) return { kind: 'read', bytes, changed: verdict.kind === 'changed' };
  const message = `the source delivered ${bytes.length} bytes and called it ${verdict.bytes}`;
  return { kind: 'failed', fault: new Fault('entry-unreadable', message) };
};

/** Reads contents whole into memory, one answer for each request. */
export const readContents = async (
  source: Source,
  requests: readonly ReadRequest[],
  run: Run,
): Promise<ReadContent[]> => {
  if (requests.length === 0) return [];
  const parts = requests.map((): Uint8Array[] => []);
  const read = new Map<number, ReadContent>();
  for await (const { bytes, pieces, verdicts } of source.read(requests, 'in-order', run)) {
    throwIfInterrupted(run);
    for (const { request, start, length } of pieces)
      parts[request]?.push(new Uint8Array(bytes.subarray(start, start + length)));
    for (const { request, verdict } of verdicts) read.set(request, judged(parts[request] ?? [], verdict));
  }
  return requests.map(({ entry }, request) => {
    const content = read.get(request);
    if (content === undefined) throw new Fault('internal', `the source gave no verdict on ${entry.name}`);
    return content;
  });
};
