import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../../model/fault.ts';
import { usualStorageSettings } from '../../contract/storage-settings.ts';
import { describeS3Location, parseS3Location, regionOfHost } from './location.ts';
import { s3Settings } from './settings.ts';

test('S2: every form in which restic names a bucket is understood', () => {
  const amazon = { host: 's3.us-west-2.amazonaws.com', secure: true, bucket: 'bucket', prefix: '' };
  for (const [text, expected] of [
    ['s3:s3.us-west-2.amazonaws.com/bucket', amazon],
    ['s3://s3.us-west-2.amazonaws.com/bucket/', amazon],
    ['s3:s3.us-west-2.amazonaws.com/bucket/a//b/', { ...amazon, prefix: 'a/b' }],
    ['s3:https://nas:9000/bucket/mail', { host: 'nas:9000', secure: true, bucket: 'bucket', prefix: 'mail' }],
    ['s3:nas/bucket/50% off', { host: 'nas', secure: true, bucket: 'bucket', prefix: '50% off' }],
    ['s3:https://nas/bucket/50%25', { host: 'nas', secure: true, bucket: 'bucket', prefix: '50%' }],
    ['s3:http://127.0.0.1:9000/b.c/x', { host: '127.0.0.1:9000', secure: false, bucket: 'b.c', prefix: 'x' }],
  ] as const) {
    assert.deepEqual(parseS3Location(text), expected);
  }
  assert.equal(describeS3Location(parseS3Location('s3:http://nas:9000/b/x')), 's3:http://nas:9000/b/x');
  assert.equal(describeS3Location(amazon), 's3:s3.us-west-2.amazonaws.com/bucket');
});

test('S2: a location that names no bucket is refused, and one with credentials without repeating them', () => {
  for (const text of [
    's3:',
    's3:host',
    's3:https://host/',
    's3:host/x?y',
    's3:https://host/a/%zz',
    's3:host/b%20cket',
  ]) {
    assert.throws(
      () => parseS3Location(text),
      (error: unknown) => isFault(error, 'usage'),
      text,
    );
  }
  assert.throws(
    () => parseS3Location('s3:https://me:topsecret@host/bucket'),
    (error: unknown) => isFault(error, 'usage') && !error.message.includes('topsecret'),
  );
});

test('S2: the region is the option, the environment or the host’s, in this order', () => {
  const location = parseS3Location('s3:s3.dualstack.eu-central-1.amazonaws.com/bucket');
  assert.equal(regionOfHost(location), 'eu-central-1');
  assert.equal(regionOfHost(parseS3Location('s3:s3.amazonaws.com/bucket')), undefined);
  const of = (options: Record<string, string>, variables: Record<string, string>): string | undefined =>
    s3Settings(location, { ...usualStorageSettings, options, variables }).region;
  assert.equal(of({}, {}), 'eu-central-1');
  assert.equal(of({}, { AWS_DEFAULT_REGION: 'a' }), 'a');
  assert.equal(of({}, { AWS_DEFAULT_REGION: 'a', AWS_REGION: 'b' }), 'b');
  assert.equal(of({ 's3.region': 'c' }, { AWS_REGION: 'b' }), 'c');
});

test('S2: Amazon is spoken to by the bucket’s own host, others by path, unless it is said otherwise', () => {
  const styleOf = (text: string, options: Record<string, string> = {}): boolean =>
    s3Settings(parseS3Location(text), { ...usualStorageSettings, options }).pathStyle;
  assert.equal(styleOf('s3:s3.amazonaws.com/bucket'), false);
  assert.equal(styleOf('s3:s3.amazonaws.com/bucket.with.dots'), true);
  assert.equal(styleOf('s3:nas:9000/bucket'), true);
  assert.equal(styleOf('s3:nas:9000/bucket', { 's3.bucket-lookup': 'dns' }), false);
});

test('S2: an option that is not there or makes no sense is refused', () => {
  const location = parseS3Location('s3:nas:9000/bucket');
  for (const options of [
    { 's3.regoin': 'x' },
    { 's3.list-objects-v1': 'true' },
    { 's3.connections': '0' },
    { 's3.bucket-lookup': 'both' },
    { 's3.object-lock': 'governance' },
    { 's3.object-lock-days': '3' },
    { 's3.object-lock': 'maybe', 's3.object-lock-days': '3' },
  ]) {
    assert.throws(
      () => s3Settings(location, { ...usualStorageSettings, options }),
      (error: unknown) => isFault(error, 'usage'),
      JSON.stringify(options),
    );
  }
  assert.deepEqual(
    s3Settings(location, {
      ...usualStorageSettings,
      options: { 's3.object-lock': 'compliance', 's3.object-lock-days': '30', 'sftp.args': 'not ours' },
    }).retention,
    { mode: 'COMPLIANCE', days: 30 },
  );
});

test('S2: half of the credentials is a fault, none leads to the usual chain', () => {
  const location = parseS3Location('s3:nas:9000/bucket');
  const of = (variables: Record<string, string>) => s3Settings(location, { ...usualStorageSettings, variables });
  assert.equal(of({}).credentials, 'chain');
  assert.throws(
    () => of({ AWS_ACCESS_KEY_ID: 'x' }),
    (error: unknown) => isFault(error, 'credentials-missing'),
  );
  assert.deepEqual(of({ AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y', AWS_SESSION_TOKEN: 'z' }).credentials, {
    accessKeyId: 'x',
    secretAccessKey: 'y',
    sessionToken: 'z',
  });
});
