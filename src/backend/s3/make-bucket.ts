import type { BucketLocationConstraint } from '@aws-sdk/client-s3';
import type { Run } from '../../contract/run.ts';
import { Fault, isFault } from '../../model/fault.ts';
import type { S3Connection } from './connection.ts';
import { isAmazon } from './location.ts';

/** The first region has no name here; the others are the server's to judge. */
const isConstraint = (region: string): region is BucketLocationConstraint => region !== 'us-east-1';

const alreadyOurs: ReadonlySet<unknown> = new Set(['BucketAlreadyOwnedByYou']);

/** Whether the bucket is there and ours to look into; asked with a listing, whose refusals say why. */
const isThere = async (connection: S3Connection, run: Run): Promise<boolean> => {
  const { location } = connection.place;
  try {
    await connection.ask('look into the bucket', run, (client, options, sdk) =>
      client.send(new sdk.ListObjectsV2Command({ Bucket: location.bucket, MaxKeys: 1 }), options),
    );
    return true;
  } catch (error) {
    if (isFault(error, 'storage-missing')) return false;
    throw error;
  }
};

/** Whether the bucket was made with Object Lock. */
export const hasObjectLock = async (connection: S3Connection, run: Run): Promise<boolean> => {
  const { location } = connection.place;
  try {
    const answer = await connection.ask('ask for the Object Lock of the bucket', run, (client, options, sdk) =>
      client.send(new sdk.GetObjectLockConfigurationCommand({ Bucket: location.bucket }), options),
    );
    return answer.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled';
  } catch (error) {
    // Servers without it answer in many ways; being refused or unreachable is none of them.
    if (isFault(error, 'object-missing', 'backend-misbehaved')) return false;
    if (isFault(error) && (error.context['status'] === 501 || error.context['status'] === 405)) return false;
    throw error;
  }
};

/** Makes the bucket when there is none. With a retention wanted it must have Object Lock, which is for its whole life. */
export const makeBucket = async (connection: S3Connection, run: Run): Promise<void> => {
  const { location, settings } = connection.place;
  const wantsLock = settings.retention !== undefined;
  if (await isThere(connection, run)) {
    if (!wantsLock || (await hasObjectLock(connection, run))) return;
    throw new Fault('unsupported', `the bucket ${location.bucket} has no Object Lock`, {
      hint: 'A bucket gets Object Lock when it is made: leave s3.object-lock out, or choose a new bucket.',
    });
  }
  const region = settings.region ?? 'us-east-1';
  const isConstrained = isAmazon(location) && isConstraint(region);
  try {
    await connection.ask('make the bucket', run, (client, options, sdk) =>
      client.send(
        new sdk.CreateBucketCommand({
          Bucket: location.bucket,
          ...(wantsLock ? { ObjectLockEnabledForBucket: true } : {}),
          ...(isConstrained ? { CreateBucketConfiguration: { LocationConstraint: region } } : {}),
        }),
        options,
      ),
    );
  } catch (error) {
    if (!isFault(error) || !alreadyOurs.has(error.context['error'])) throw error;
  }
};
