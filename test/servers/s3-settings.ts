import type { S3User } from './radosgw.ts';

/** The environment of a program that uses these credentials. */
export const s3Variables = ({ accessKeyId, secretAccessKey }: S3User) => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_EC2_METADATA_DISABLED: 'true',
});
