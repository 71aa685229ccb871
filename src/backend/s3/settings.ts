import type { StorageSettings } from '../../contract/storage-settings.ts';
import { Fault } from '../../model/fault.ts';
import { isAmazon, regionOfHost, type S3Location } from './location.ts';

export type RetentionMode = 'GOVERNANCE' | 'COMPLIANCE';

/** Held back from deletion for so many days from the moment of writing. */
export interface Retention {
  readonly mode: RetentionMode;
  readonly days: number;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** How the storage is spoken to. */
export interface S3Settings {
  readonly connections: number;
  /** Given by the person; without it the host's name tells, or the server. */
  readonly region: string | undefined;
  readonly pathStyle: boolean;
  /** Of data packs, and where it is no archive of all objects, as with restic. */
  readonly storageClass: string | undefined;
  readonly retention: Retention | undefined;
  /** `chain`: what Amazon's own programs would use (profiles, containers, instances). */
  readonly credentials: Credentials | 'chain' | 'anonymous';
}

const invalid = (key: string, value: string, expected: string): Fault =>
  new Fault('usage', `the option s3.${key} cannot be "${value}"`, { hint: `It must be ${expected}.` });

/** Options of restic's that have no meaning here, and why. */
const refused: Readonly<Record<string, string>> = {
  layout: 'There is one layout; restic, too, has no other since version 0.17.',
  'list-objects-v1': 'Listings are asked for by ListObjectsV2, which every S3 server of the last years answers.',
  retries: 'Calls are repeated for 15 minutes, with growing pauses.',
  'enable-restore': 'Bring objects back from an archive class before, with the tools of the storage.',
  'restore-days': 'Bring objects back from an archive class before, with the tools of the storage.',
  'restore-timeout': 'Bring objects back from an archive class before, with the tools of the storage.',
  'restore-tier': 'Bring objects back from an archive class before, with the tools of the storage.',
};

const known = [
  'connections',
  'region',
  'bucket-lookup',
  'storage-class',
  'object-lock',
  'object-lock-days',
  'unsafe-anonymous-auth',
];

/** The options that begin with `s3.`, without that. Fault `usage` for one that is not there. */
const ownOptions = (options: Readonly<Record<string, string>>): ReadonlyMap<string, string> => {
  const own = new Map<string, string>();
  for (const [name, value] of Object.entries(options)) {
    if (!name.startsWith('s3.')) continue;
    const key = name.slice('s3.'.length);
    const instead = refused[key];
    if (instead !== undefined) throw new Fault('usage', `the option ${name} is not there`, { hint: instead });
    if (!known.includes(key)) {
      throw new Fault('usage', `the option ${name} is not known`, { hint: `There are: s3.${known.join(', s3.')}.` });
    }
    own.set(key, value);
  }
  return own;
};

const parseNumber = (key: string, value: string | undefined, most: number): number | undefined => {
  if (value === undefined) return undefined;
  const number = /^\d+$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > most) throw invalid(key, value, `a number from 1 to ${most}`);
  return number;
};

/** Virtual hosts for Amazon, whose path style is on its way out; but no certificate covers a bucket with dots in its name. */
const usesPathStyle = (location: S3Location, lookup: string | undefined): boolean => {
  switch (lookup) {
    case undefined:
    case 'auto':
      return !isAmazon(location) || location.bucket.includes('.');
    case 'dns':
      return false;
    case 'path':
      return true;
    default:
      throw invalid('bucket-lookup', lookup, 'auto, dns or path');
  }
};

const retentionOf = (mode: string | undefined, days: number | undefined): Retention | undefined => {
  if (mode === undefined && days === undefined) return undefined;
  if (mode !== 'governance' && mode !== 'compliance') {
    throw invalid(
      'object-lock',
      mode ?? '',
      'governance (who may bypass it can shorten it) or compliance (nobody can)',
    );
  }
  if (days === undefined) {
    throw new Fault('usage', 'the option s3.object-lock needs s3.object-lock-days as well', {
      hint: 'Say for how many days what is written is held back from deletion: -o s3.object-lock-days=60.',
    });
  }
  return { mode: mode === 'governance' ? 'GOVERNANCE' : 'COMPLIANCE', days };
};

const credentialsOf = (variables: StorageSettings['variables'], anonymous: boolean): S3Settings['credentials'] => {
  if (anonymous) return 'anonymous';
  if (variables['RESTIC_AWS_ASSUME_ROLE_ARN']) {
    throw new Fault('unsupported', 'roles by RESTIC_AWS_ASSUME_ROLE_ARN are not there in Mailkeep', {
      hint: 'Write a profile with role_arn and source_profile into ~/.aws/config, and name it in AWS_PROFILE.',
    });
  }
  const accessKeyId = variables['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = variables['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = variables['AWS_SESSION_TOKEN'];
  if (!accessKeyId && !secretAccessKey) return 'chain';
  if (!accessKeyId || !secretAccessKey) {
    throw new Fault('credentials-missing', 'only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set', {
      hint: 'Set both, or neither where a profile or the machine itself has credentials.',
    });
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
};

/** What the options and the environment say about S3. Faults: `usage`, `credentials-missing`, `unsupported`. */
export const s3Settings = (location: S3Location, { options, variables }: StorageSettings): S3Settings => {
  const own = ownOptions(options);
  return {
    connections: parseNumber('connections', own.get('connections'), 100) ?? 5,
    region:
      own.get('region') ||
      variables['AWS_REGION'] ||
      variables['AWS_DEFAULT_REGION'] ||
      regionOfHost(location) ||
      undefined,
    pathStyle: usesPathStyle(location, own.get('bucket-lookup')),
    storageClass: own.get('storage-class')?.toUpperCase(),
    retention: retentionOf(
      own.get('object-lock'),
      parseNumber('object-lock-days', own.get('object-lock-days'), 36_500),
    ),
    credentials: credentialsOf(variables, own.get('unsafe-anonymous-auth') === 'true'),
  };
};
