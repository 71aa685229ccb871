import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Component } from '../../contract/component.ts';
import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import type { Delivery, ReadRequest, Source, Verdict } from '../../contract/source.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { errnoFault } from '../../system/errno.ts';
import { openSpoolFolder } from './spool-folder.ts';

/**
 * A component of dumps whose bytes are delivered only once they are known whole, so that nothing of a broken dump gets where it
 * cannot be taken back. Until then each lies gzipped, 0600, in a folder below `root`, one at a time; it is removed on every way
 * out, and what a killed run left is removed by the next.
 */
export const spooled = (component: Component, root: string): Component => ({
  ...component,
  open: async (run) => {
    const folder = await openSpoolFolder(root, run);
    try {
      return spooledSource(await component.open(run), folder);
    } catch (error) {
      await folder.remove();
      throw error;
    }
  },
});

const spooledSource = (
  source: Source,
  folder: { readonly path: string; readonly remove: () => Promise<void> },
): Source => ({
  description: source.description,
  capture: (base, run) => source.capture(base, run),
  async *read(requests, _pieces, run) {
    for (const [request, one] of requests.entries()) {
      yield* deliverSpooled(source, { request, one, folder: folder.path }, run);
    }
  },
  relocate: (path, entry, run) => source.relocate(path, entry, run),
  close: async () => {
    try {
      await source.close();
    } finally {
      await folder.remove();
    }
  },
});

interface Spooling {
  readonly request: number;
  readonly one: ReadRequest;
  readonly folder: string;
}

async function* deliverSpooled(source: Source, { request, one, folder }: Spooling, run: Run): AsyncGenerator<Delivery> {
  const file = join(folder, randomBytes(8).toString('hex'));
  let verdict: Verdict;
  try {
    verdict = await fill(file, source, one, run);
    if (verdict.kind === 'complete') {
      let position = 0;
      for await (const bytes of unzipped(file, run)) {
        // Before it is given away, with which it may become empty.
        const piece = { request, position, start: 0, length: bytes.length };
        position += bytes.length;
        yield { bytes, pieces: [piece], verdicts: [] };
      }
      if (position !== verdict.bytes) throw new Fault('io-failed', `what was kept in ${file} is not what comes back`);
    }
  } catch (error) {
    throwIfInterrupted(run);
    if (!isFault(error) || isFault(error, 'interrupted', 'internal')) throw error;
    verdict = { kind: 'failed', fault: error };
  } finally {
    await rm(file, { force: true });
  }
  throwIfInterrupted(run);
  yield { bytes: new Uint8Array(0), pieces: [], verdicts: [{ request, verdict }] };
}

/** Reads one request to its verdict, into the file. */
const fill = async (file: string, source: Source, one: ReadRequest, run: Run): Promise<Verdict> => {
  let verdict: Verdict = { kind: 'failed', fault: new Fault('internal', 'a dump ended without a verdict') };
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const delivery of source.read([one], 'in-order', run)) {
      for (const { start, length } of delivery.pieces) yield delivery.bytes.subarray(start, start + length);
      for (const { verdict: last } of delivery.verdicts) verdict = last;
    }
  }
  try {
    const handle = await open(file, 'wx', 0o600);
    await pipeline(bytes, createGzip({ level: 1 }), createWriteStream(file, { fd: handle }), { signal: run.signal });
    return verdict;
  } catch (error) {
    throwIfInterrupted(run);
    throw errnoFault(error, 'keep a dump in', file);
  }
};

async function* unzipped(file: string, run: Run): AsyncGenerator<Uint8Array> {
  const stored = createReadStream(file);
  const stream = stored.pipe(createGunzip());
  stored.on('error', (error) => stream.destroy(error));
  try {
    for await (const chunk of stream) {
      throwIfInterrupted(run);
      if (Buffer.isBuffer(chunk)) yield new Uint8Array(chunk);
    }
  } catch (error) {
    throwIfInterrupted(run);
    throw errnoFault(error, 'read a dump from', file);
  } finally {
    stored.destroy();
    stream.destroy();
  }
}
