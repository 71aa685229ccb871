import type { z } from 'zod';
import type { Run } from '../../../contract/run.ts';
import type { ReadRequest, Source } from '../../../contract/source.ts';
import { type ByteString, displayText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';

/** The files in the root of a component's dumps, by name. */
export const listDumps = async (dumps: Source, run: Run): Promise<ReadonlyMap<ByteString, ReadRequest>> => {
  const files = new Map<ByteString, ReadRequest>();
  for await (const { path, listing } of dumps.capture(undefined, run)) {
    if (listing.kind !== 'listed') {
      if (path.length === 0)
        throw listing.kind === 'carried' ? listing.fault : new Fault('internal', 'a dump is the same as nothing');
      continue;
    }
    for await (const page of listing.pages) {
      if (path.length > 0) continue;
      for (const child of page) if (child.kind === 'fresh') files.set(child.entry.name, child);
    }
  }
  return files;
};

/** The bytes of one of them; ends with a Fault unless they are all there. */
export async function* readDump(dumps: Source, request: ReadRequest, run: Run): AsyncGenerator<Uint8Array, void> {
  let isComplete = false;
  for await (const { bytes, pieces, verdicts, recycle } of dumps.read([request], 'in-order', run)) {
    for (const { start, length } of pieces) yield new Uint8Array(bytes.subarray(start, start + length));
    for (const { verdict } of verdicts) {
      if (verdict.kind === 'failed') throw verdict.fault;
      isComplete = verdict.kind === 'complete';
    }
    recycle?.();
  }
  if (isComplete) return;
  throw new Fault('entry-unreadable', `the dump ${displayText(request.entry.name)} could not be read to its end`);
}

/** What `server.json` says; undefined where it is not there or not what it should be, as in dumps that others made. */
export const readRecord = async <Format extends z.ZodType>(
  dumps: Source,
  { files, format }: { readonly files: ReadonlyMap<ByteString, ReadRequest>; readonly format: Format },
  run: Run,
): Promise<z.output<Format> | undefined> => {
  const request = [...files].find(([name]) => name === 'server.json')?.[1];
  if (request === undefined) return undefined;
  const text = Buffer.concat(await Array.fromAsync(readDump(dumps, request, run))).toString('utf8');
  try {
    return format.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};
