import { Fault } from '../../model/fault.ts';

/** What restic's notation for S3 names. */
export interface S3Location {
  /** Host and, where it is given, port. */
  readonly host: string;
  readonly secure: boolean;
  readonly bucket: string;
  /** Without slashes at its ends; '' for the whole bucket. */
  readonly prefix: string;
}

const unreadable = (location: string, what: string): Fault =>
  new Fault('usage', `${location} ${what}`, {
    hint: 'Write s3:HOST/BUCKET/FOLDER, such as s3:s3.eu-central-1.amazonaws.com/my-bucket/mail, or s3:https://HOST:PORT/BUCKET/FOLDER.',
  });

/** A URL with credentials must not be repeated in messages. */
const withoutCredentials = (location: string): string => location.replace(/\/\/[^/@]*@/, '//***@');

/** What the server would take for another folder, or for none. */
const cleanPath = (path: string): string =>
  path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .join('/');

/**
 * Reads `s3:HOST/BUCKET/PREFIX`, `s3://HOST/BUCKET/PREFIX` (both with TLS) and `s3:http(s)://HOST:PORT/BUCKET/PREFIX`, as
 * restic does. Fault `usage`.
 */
export const parseS3Location = (location: string): S3Location => {
  const named = withoutCredentials(location);
  const rest = location.replace(/^s3:/, '');
  // Only a whole URL has escapes in it.
  const text = /^https?:\/\//.test(rest) ? rest : `https://${rest.replace(/^\/\//, '').replaceAll('%', '%25')}`;
  if (!URL.canParse(text) || /%(?![0-9a-f]{2})/i.test(text)) throw unreadable(named, 'is no location that can be read');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new Fault('usage', `${named} holds credentials`, {
      hint: 'Put them into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or into a profile.',
    });
  }
  if (url.search !== '' || url.hash !== '') throw unreadable(named, 'has a ? or # in it');
  const [bucket = '', ...folders] = cleanPath(decodeURIComponent(url.pathname)).split('/');
  if (bucket === '') throw unreadable(named, 'names no bucket');
  if (!/^[a-z0-9A-Z][\w.-]{0,254}$/.test(bucket))
    throw unreadable(named, `names a bucket that none can have: ${bucket}`);
  return { host: url.host, secure: url.protocol === 'https:', bucket, prefix: folders.join('/') };
};

/** As restic writes it. */
export const describeS3Location = ({ host, secure, bucket, prefix }: S3Location): string =>
  `s3:${secure ? '' : 'http://'}${host}/${bucket}${prefix === '' ? '' : `/${prefix}`}`;

/** Amazon's hosts, with the region where the name holds one: `s3.eu-central-1.amazonaws.com`, `s3-us-west-2.amazonaws.com`. */
const amazonHost = /^s3(?:[.-](?:dualstack\.|fips\.)?([a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com(?:\.cn)?$/;

export const isAmazon = ({ host }: S3Location): boolean => amazonHost.test(host);

/** The region that the name of the host says. */
export const regionOfHost = ({ host }: S3Location): string | undefined => amazonHost.exec(host)?.[1];
