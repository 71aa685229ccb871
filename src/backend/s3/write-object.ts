import type { ObjectHandle } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { isFault } from '../../model/fault.ts';
import { describeObject, objectExists, objectMissing } from '../object-name.ts';
import { joined } from '../parts.ts';
import { keepsConditions, type S3Connection } from './connection.ts';
import { keyOf } from './keys.ts';
import { createPut } from './put-object.ts';
import { sizeOfObject } from './read-object.ts';

/** Larger objects are not written twice to try the server. */
const trialBytes = 1_000_000;

const refuseTaken = async (connection: S3Connection, handle: ObjectHandle, run: Run): Promise<void> => {
  try {
    await sizeOfObject(connection, handle, run);
  } catch (error) {
    if (isFault(error, 'object-missing')) return;
    throw error;
  }
  throw objectExists(handle);
};

/**
 * Writes without overwriting. Some servers refuse to overwrite when they are asked to (`If-None-Match: *`), some ignore
 * that silently. What is named by its hash can only be overwritten by the same bytes and is written at once. For all else
 * the name is looked at first where it is not known that the server refuses; to know it, the first small object is written
 * a second time, which a good server refuses and for any other changes nothing.
 */
export const createSave = (connection: S3Connection) => {
  const put = createPut(connection);
  let conditions: 'kept' | 'ignored' | 'unknown' = keepsConditions(connection.place) ? 'kept' : 'unknown';
  let trial: Promise<void> | undefined;

  const write = async (handle: ObjectHandle, body: Uint8Array, run: Run): Promise<void> => {
    try {
      await put(handle, body, conditions !== 'ignored', run);
    } catch (error) {
      const status = isFault(error) ? error.context['status'] : undefined;
      if (status === 412) throw objectExists(handle, error);
      if (status !== 501 || conditions === 'ignored') throw error;
      conditions = 'ignored';
      if (handle.isNamedByHash !== true) await refuseTaken(connection, handle, run);
      await put(handle, body, false, run);
    }
  };
  const tryServer = async (handle: ObjectHandle, body: Uint8Array, run: Run): Promise<void> => {
    try {
      await write(handle, body, run);
      conditions = 'ignored';
    } catch (error) {
      // The object is there whatever comes of this: a trial that fails leaves the question open.
      if (isFault(error, 'object-exists')) conditions = 'kept';
    }
  };

  return async (handle: ObjectHandle, parts: readonly Uint8Array[], run: Run): Promise<void> => {
    const [only] = parts;
    const body = parts.length === 1 && only !== undefined ? only : joined(parts);
    if (handle.isNamedByHash === true) return write(handle, body, run);
    await trial;
    if (conditions !== 'kept') await refuseTaken(connection, handle, run);
    await write(handle, body, run);
    if (conditions !== 'unknown' || body.length > trialBytes) return;
    trial = tryServer(handle, body, run);
    await trial;
    trial = undefined;
  };
};

/** Removes an object; of nothing S3 says that it was removed, so that it has to be asked for first. */
export const removeObject = async (
  connection: S3Connection,
  handle: ObjectHandle,
  run: Run,
  isKnown: boolean,
): Promise<void> => {
  const { location } = connection.place;
  if (!isKnown) await sizeOfObject(connection, handle, run);
  try {
    await connection.ask(
      `remove ${describeObject(handle)}`,
      run,
      (client, options, sdk) =>
        client.send(new sdk.DeleteObjectCommand({ Bucket: location.bucket, Key: keyOf(location, handle) }), options),
      'a-moment',
    );
  } catch (error) {
    if (isFault(error, 'object-missing')) throw objectMissing(handle, error);
    throw error;
  }
};
