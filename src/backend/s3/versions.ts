import type { ListObjectVersionsCommandOutput, ObjectLockRetentionMode } from '@aws-sdk/client-s3';
import type { LostObject, ObjectHandle, ObjectKind, VersionedStorage } from '../../contract/backend.ts';
import { throwIfInterrupted, type Run } from '../../contract/run.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { describeObject, objectMissing } from '../object-name.ts';
import type { S3Connection } from './connection.ts';
import { keyOf, nameOf, prefixOf } from './keys.ts';

interface Version {
  readonly id: string;
  readonly time: number;
  readonly size: number;
  readonly digest: string | undefined;
}

/** All that is known of a key: its versions and the marks of deletion, the newest first. */
interface History {
  readonly versions: Version[];
  readonly marks: { readonly id: string; readonly time: number }[];
}

/** What `bringBack` works with: marks to take away, or the version to put on top. */
type Remedy =
  | { readonly kind: 'take-marks-away'; readonly marks: readonly string[] }
  | { readonly kind: 'copy'; readonly version: string };

interface LostInS3 extends LostObject {
  readonly key: Remedy;
}

/** Pages until the kind is through; the keys come in order, so that a history may go on in the next page only. */
async function* versionPages(
  connection: S3Connection,
  kind: ObjectKind,
  run: Run,
): AsyncGenerator<ListObjectVersionsCommandOutput> {
  const { location } = connection.place;
  let from: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {};
  while (from !== undefined) {
    const marker: typeof from = from;
    const page: ListObjectVersionsCommandOutput = await connection.ask(
      `list versions of each ${kind}`,
      run,
      (client, options, sdk) =>
        client.send(
          new sdk.ListObjectVersionsCommand({
            Bucket: location.bucket,
            Prefix: prefixOf(location, kind),
            ...marker,
          }),
          options,
        ),
    );
    yield page;
    throwIfInterrupted(run);
    const { NextKeyMarker, NextVersionIdMarker } = page;
    from =
      page.IsTruncated === true && NextKeyMarker !== undefined
        ? {
            KeyMarker: NextKeyMarker,
            ...(NextVersionIdMarker === undefined ? {} : { VersionIdMarker: NextVersionIdMarker }),
          }
        : undefined;
  }
}

const noteAll = (
  histories: Map<string, History>,
  page: ListObjectVersionsCommandOutput,
  nameIn: (key: string | undefined) => string | undefined,
): void => {
  const of = (key: string | undefined): History | undefined => {
    const name = nameIn(key);
    if (name === undefined) return undefined;
    const found = histories.get(name) ?? { versions: [], marks: [] };
    histories.set(name, found);
    return found;
  };
  for (const { Key, VersionId: id, LastModified, Size, ETag } of page.Versions ?? []) {
    const time = LastModified?.getTime() ?? 0;
    if (id !== undefined) of(Key)?.versions.push({ id, time, size: Size ?? 0, digest: ETag });
  }
  for (const { Key, VersionId: id, LastModified } of page.DeleteMarkers ?? []) {
    if (id !== undefined) of(Key)?.marks.push({ id, time: LastModified?.getTime() ?? 0 });
  }
};

const nanoseconds = (milliseconds: number): Nanoseconds => BigInt(milliseconds) * 1_000_000n;

/** What is wrong with an object by its history. Objects are written once: the oldest version is the one that we wrote. */
const lossOf = (handle: ObjectHandle, { versions, marks }: History): LostInS3 | undefined => {
  const [newest] = versions;
  const oldest = versions.at(-1);
  if (newest === undefined || oldest === undefined) return undefined;
  const above = marks.filter(({ time }) => time >= newest.time);
  const at = above.at(-1)?.time;
  const same = oldest.size === newest.size && oldest.digest === newest.digest;
  if (!same && handle.kind !== 'config') {
    const key: Remedy = { kind: 'copy', version: oldest.id };
    return { handle, size: oldest.size, how: 'overwritten', at: nanoseconds(newest.time), key };
  }
  if (at === undefined) return undefined;
  const key: Remedy = { kind: 'take-marks-away', marks: above.map(({ id }) => id) };
  return { handle, size: newest.size, how: 'removed', at: nanoseconds(at), key };
};

async function* lostObjects(
  connection: S3Connection,
  kind: ObjectKind,
  run: Run,
): AsyncGenerator<readonly LostObject[]> {
  const { location } = connection.place;
  const histories = new Map<string, History>();
  for await (const page of versionPages(connection, kind, run)) {
    noteAll(histories, page, (key) => nameOf(location, kind, key));
    const unfinished = page.IsTruncated === true ? nameOf(location, kind, page.NextKeyMarker) : undefined;
    const found: LostObject[] = [];
    for (const [name, history] of histories) {
      if (name === unfinished) continue;
      histories.delete(name);
      const loss = lossOf({ kind, name }, history);
      if (loss !== undefined) found.push(loss);
    }
    if (found.length > 0) yield found;
  }
}

const isRemedy = (key: unknown): key is Remedy =>
  typeof key === 'object' && key !== null && 'kind' in key && (key.kind === 'copy' || key.kind === 'take-marks-away');

const bringBack = async (connection: S3Connection, { handle, key: remedy }: LostObject, run: Run): Promise<void> => {
  if (!isRemedy(remedy)) throw new Fault('internal', 'this is not an object that was lost in S3');
  const { bucket } = connection.place.location;
  const key = keyOf(connection.place.location, handle);
  const action = `bring back ${describeObject(handle)}`;
  if (remedy.kind === 'copy') {
    const source = `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}?versionId=${remedy.version}`;
    await connection.ask(action, run, (client, options, sdk) =>
      client.send(new sdk.CopyObjectCommand({ Bucket: bucket, Key: key, CopySource: source }), options),
    );
    return;
  }
  for (const mark of remedy.marks) {
    await connection.ask(action, run, (client, options, sdk) =>
      client.send(new sdk.DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: mark }), options),
    );
  }
};

const noLock = (bucket: string): Fault =>
  new Fault('unsupported', `the bucket ${bucket} has no Object Lock, so that nothing can be held there`, {
    hint: 'A bucket gets Object Lock when it is made: `mailkeep init -o s3.object-lock=governance -o s3.object-lock-days=60` on a new one.',
  });

/** What AWS and what Ceph's gateway answer for an object that nothing holds. */
const isNotHeld: ReadonlySet<unknown> = new Set([
  'NoSuchObjectLockConfiguration',
  'ObjectLockConfigurationNotFoundError',
]);

/** How an object is held now; undefined when it is not. */
const heldNow = async (connection: S3Connection, handle: ObjectHandle, run: Run) => {
  const { location } = connection.place;
  try {
    const { Retention: retention } = await connection.ask(
      `look at ${describeObject(handle)}`,
      run,
      (client, options, sdk) =>
        client.send(
          new sdk.GetObjectRetentionCommand({ Bucket: location.bucket, Key: keyOf(location, handle) }),
          options,
        ),
    );
    return retention;
  } catch (error) {
    const name = isFault(error) ? error.context['error'] : undefined;
    if (isNotHeld.has(name)) return undefined;
    if (name === 'NoSuchKey') throw objectMissing(handle, error);
    // What servers answer for a bucket without Object Lock.
    if (isFault(error, 'object-missing') || name === 'InvalidRequest') throw noLock(location.bucket);
    throw error;
  }
};

const hold = async (connection: S3Connection, handle: ObjectHandle, until: Nanoseconds, run: Run): Promise<boolean> => {
  const { location, settings } = connection.place;
  const held = await heldNow(connection, handle, run);
  // Servers count in seconds.
  const wanted = new Date(Math.ceil(Number(until / 1_000_000n) / 1000) * 1000);
  if (held?.RetainUntilDate !== undefined && held.RetainUntilDate >= wanted) return false;
  const mode: ObjectLockRetentionMode = held?.Mode ?? settings.retention?.mode ?? 'GOVERNANCE';
  try {
    await connection.ask(`hold ${describeObject(handle)}`, run, (client, options, sdk) =>
      client.send(
        new sdk.PutObjectRetentionCommand({
          Bucket: location.bucket,
          Key: keyOf(location, handle),
          Retention: { Mode: mode, RetainUntilDate: wanted },
          ChecksumAlgorithm: 'CRC32',
        }),
        options,
      ),
    );
  } catch (error) {
    if (isFault(error) && error.context['error'] === 'InvalidRequest') throw noLock(location.bucket);
    throw error;
  }
  return true;
};

/** Versions and Object Lock of a bucket. */
export const createS3Versions = (connection: S3Connection): VersionedStorage => ({
  lost: (kind, run) => lostObjects(connection, kind, run),
  bringBack: (object, run) => bringBack(connection, object, run),
  hold: (handle, until, run) => hold(connection, handle, until, run),
});
