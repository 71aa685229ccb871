import { createHash } from 'node:crypto';
import type { PutObjectCommand, StorageClass } from '@aws-sdk/client-s3';
import type { ObjectHandle } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { isFault } from '../../model/fault.ts';
import { describeObject } from '../object-name.ts';
import type { S3Connection } from './connection.ts';
import { keyOf } from './keys.ts';
import type { S3Settings } from './settings.ts';

/** Classes that are not read at once: what every command reads must not lie there. */
const archives: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

const day = 86_400_000;

/** Amazon's are not all that there are: the server judges. */
const isClass = (text: string | undefined): text is StorageClass => text !== undefined && text !== '';

/** Until when what is written now is held back from deletion. Locks never are. */
const retentionOf = ({ retention }: S3Settings, handle: ObjectHandle, run: Run) =>
  retention === undefined || handle.kind === 'lock'
    ? {}
    : {
        ObjectLockMode: retention.mode,
        ObjectLockRetainUntilDate: new Date(Number(run.now() / 1_000_000n) + retention.days * day),
      };

const classOf = ({ storageClass }: S3Settings, handle: ObjectHandle) => {
  const isDataPack = handle.kind === 'pack' && handle.holdsTrees !== true;
  return isClass(storageClass) && (isDataPack || !archives.has(storageClass)) ? { StorageClass: storageClass } : {};
};

const isRequest = (value: unknown): value is { readonly headers: Record<string, string> } =>
  typeof value === 'object' && value !== null && 'headers' in value;

/** Gives the sum of the body that signing needs, so that nobody hashes it once more: the server refuses other bytes. */
const withKnownHash = (command: PutObjectCommand, hash: string): PutObjectCommand => {
  command.middlewareStack.add(
    (next) => (args) => {
      if (isRequest(args.request)) args.request.headers['x-amz-content-sha256'] = hash;
      return next(args);
    },
    { step: 'build', name: 'knownHash' },
  );
  return command;
};

/** Writes an object; `guarded`: unless there is one (`If-None-Match`). The Fault's context has `status` and `error`. */
export type Put = (handle: ObjectHandle, body: Uint8Array, guarded: boolean, run: Run) => Promise<void>;

export const createPut = (connection: S3Connection): Put => {
  const { location, settings } = connection.place;
  /** Buckets with Object Lock ask for a digest with each write. */
  let needsDigest = settings.retention !== undefined;

  const send: Put = async (handle, body, guarded, run) => {
    await connection.ask(
      `write ${describeObject(handle)}`,
      run,
      (client, options, sdk) => {
        const command = new sdk.PutObjectCommand({
          Bucket: location.bucket,
          Key: keyOf(location, handle),
          Body: body,
          ContentType: 'application/octet-stream',
          ...(guarded ? { IfNoneMatch: '*' } : {}),
          ...(needsDigest ? { ContentMD5: createHash('md5').update(body).digest('base64') } : {}),
          ...classOf(settings, handle),
          ...retentionOf(settings, handle, run),
        });
        return client.send(handle.isNamedByHash === true ? withKnownHash(command, handle.name) : command, options);
      },
      'a-moment',
    );
  };
  const asksForDigest = (error: unknown): boolean =>
    isFault(error) &&
    error.context['status'] === 400 &&
    ['InvalidRequest', 'MissingContentMD5'].includes(String(error.context['error']));

  return async (handle, body, guarded, run) => {
    try {
      await send(handle, body, guarded, run);
    } catch (error) {
      if (needsDigest || !asksForDigest(error)) throw error;
      needsDigest = true;
      await send(handle, body, guarded, run);
    }
  };
};
