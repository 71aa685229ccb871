import { addAbortSignal, Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { ByteRange, ObjectHandle } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { type CopyBytes, loadCopyBytes } from '../../system/copy-bytes.ts';
import { describeObject, objectMissing, tooShort } from '../object-name.ts';
import { roomFor } from '../parts.ts';
import type { S3Connection } from './connection.ts';
import { keyOf } from './keys.ts';

/** Says of a refusal without text, as HEAD has it, what it means: asks in a way that is answered with text. */
const explained = async (connection: S3Connection, handle: ObjectHandle, thrown: unknown, run: Run): Promise<Fault> => {
  const { location } = connection.place;
  if (!isFault(thrown, 'object-missing', 'permission-denied', 'region-wrong', 'backend-misbehaved')) throw thrown;
  await connection.ask(`look at ${describeObject(handle)}`, run, (client, options, sdk) =>
    client.send(
      new sdk.ListObjectsV2Command({ Bucket: location.bucket, Prefix: keyOf(location, handle), MaxKeys: 1 }),
      options,
    ),
  );
  return thrown.code === 'object-missing' ? objectMissing(handle, thrown) : thrown;
};

export const sizeOfObject = async (connection: S3Connection, handle: ObjectHandle, run: Run): Promise<number> => {
  const { location } = connection.place;
  try {
    const { ContentLength } = await connection.ask(`look at ${describeObject(handle)}`, run, (client, options, sdk) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: location.bucket, Key: keyOf(location, handle) }), options),
    );
    if (ContentLength !== undefined) return ContentLength;
  } catch (error) {
    // A missing object of a kind that is listed before it is asked for needs no second question about the bucket.
    if (isFault(error, 'object-missing') && handle.kind !== 'config') throw objectMissing(handle, error);
    throw await explained(connection, handle, error, run);
  }
  throw new Fault('backend-misbehaved', `the server does not say how large ${describeObject(handle)} is`);
};

/** Gathers a body into `bytes`, and returns how many there were. One that goes on for longer than it should is cut off. */
const gather = async (body: Readable, bytes: Uint8Array, copy: CopyBytes, run: Run): Promise<number> => {
  const { length } = bytes;
  let got = 0;
  addAbortSignal(run.signal, body);
  // Listening takes half the time of an iteration.
  body.on('data', (piece: unknown) => {
    if (!(piece instanceof Uint8Array)) return;
    copy(piece.length <= length - got ? piece : piece.subarray(0, Math.max(0, length - got)), bytes, got);
    got = Math.min(length, got + piece.length);
  });
  await finished(body, { writable: false });
  return got;
};

/** Reads an object or a part of it; bytes that end early are `backend-misbehaved`. */
export const loadObject = async (
  connection: S3Connection,
  handle: ObjectHandle,
  range: ByteRange | undefined,
  run: Run,
): Promise<Uint8Array> => {
  const { location } = connection.place;
  if (range?.length === 0) {
    await sizeOfObject(connection, handle, run);
    return new Uint8Array(0);
  }
  const header = range === undefined ? {} : { Range: `bytes=${range.start}-${range.start + range.length - 1}` };
  const action = `read ${describeObject(handle)}`;
  try {
    const copy = await loadCopyBytes();
    return await connection.ask(action, run, async (client, options, sdk) => {
      const answer = await client.send(
        new sdk.GetObjectCommand({ Bucket: location.bucket, Key: keyOf(location, handle), ...header }),
        options,
      );
      const { Body: body, ContentLength: length } = answer;
      if (!(body instanceof Readable)) throw new Fault('internal', 'a body did not come as a stream');
      if (length === undefined || (range !== undefined && answer.ContentRange === undefined)) {
        body.destroy();
        throw new Fault('backend-misbehaved', 'the server does not do what was asked for when a part is read', {
          hint: 'A proxy on the way may be the reason: parts of objects must be readable.',
        });
      }
      const bytes = roomFor(length, range?.into);
      const got = await gather(body, bytes, copy, run);
      const wanted = range?.length ?? length;
      if (got < wanted) throw tooShort(handle, wanted, got);
      return bytes;
    });
  } catch (error) {
    if (isFault(error, 'object-missing')) throw objectMissing(handle, error);
    if (range !== undefined && isFault(error) && error.context['error'] === 'InvalidRange') {
      throw tooShort(handle, range.length, 0);
    }
    throw error;
  }
};
