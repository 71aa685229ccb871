import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Run } from '../../../contract/run.ts';
import type { Delivery, FreshChild, Source, Verdict } from '../../../contract/source.ts';
import { formBytes, type StoredForm, storedFormOf } from '../../../mail/stored-form.ts';
import { type ByteString, byteStringOfBytes } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';
import { readLocalFiles } from '../../files/read-local-files.ts';

type Wanted = Pick<FreshChild, 'entry' | 'content'>;

/** The largest list of UIDs that is read whole: some millions of messages. */
const largestText = 256 * 1024 * 1024;

const deliveries = (source: Source, wanted: readonly Wanted[], run: Run): AsyncIterable<Delivery> =>
  wanted[0]?.content.kind === 'local-file' ? readLocalFiles(wanted, run) : source.read(wanted, 'in-order', run);

const faultOf = (verdict: Verdict): Fault | undefined => {
  if (verdict.kind === 'failed') return verdict.fault;
  return verdict.kind === 'gone' ? new Fault('entry-vanished', 'it vanished before it was read') : undefined;
};

/** A file of the mail server, whole. Throws the Fault with which reading ended. */
export const readText = async (source: Source, wanted: Wanted, run: Run): Promise<ByteString> => {
  if (wanted.entry.size > largestText) throw new Fault('unsupported', 'it is too large for a file of its kind');
  const parts: Uint8Array[] = [];
  for await (const { bytes, pieces, verdicts, recycle } of deliveries(source, [wanted], run)) {
    for (const { start, length } of pieces) parts.push(new Uint8Array(bytes.subarray(start, start + length)));
    recycle?.();
    for (const { verdict } of verdicts) {
      const fault = faultOf(verdict);
      if (fault !== undefined) throw fault;
    }
  }
  return byteStringOfBytes(Buffer.concat(parts));
};

/** SHA-256 of each, in their order; a Fault for one that cannot be read. */
export const digestsOf = async (
  source: Source,
  wanted: readonly Wanted[],
  run: Run,
): Promise<readonly (string | Fault)[]> => {
  const hashes = wanted.map(() => createHash('sha256'));
  const digests: (string | Fault)[] = wanted.map(
    () => new Fault('internal', 'the source said nothing about this file'),
  );
  if (wanted.length === 0) return digests;
  for await (const { bytes, pieces, verdicts, recycle } of deliveries(source, wanted, run)) {
    for (const { request, start, length } of pieces) hashes[request]?.update(bytes.subarray(start, start + length));
    recycle?.();
    for (const { request, verdict } of verdicts) {
      const fault = faultOf(verdict);
      digests[request] = fault ?? hashes[request]?.digest('hex') ?? '';
    }
  }
  return digests;
};

/** Of a file that lies at the target. */
export const digestOfLiving = async (place: ByteString): Promise<string> => {
  const hash = createHash('sha256');
  try {
    const file = await open(nativePath(place), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const buffer = new Uint8Array(1 << 20);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length);
        if (bytesRead === 0) break;
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw errnoFault(error, 'read', place);
  }
  return hash.digest('hex');
};

/** What a mail server has made of a message, by the beginning of its file. */
export const formOfLiving = (place: ByteString): StoredForm => {
  try {
    const file = openSync(nativePath(place), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const beginning = new Uint8Array(formBytes);
      return storedFormOf(beginning.subarray(0, readSync(file, beginning, 0, formBytes, 0)));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw errnoFault(error, 'read', place);
  }
};
