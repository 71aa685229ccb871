import { interrupted, type Run } from '../../contract/run.ts';
import { Fault, type FaultDetails, type FaultCode } from '../../model/fault.ts';
import { networkFault } from '../network-fault.ts';
import { describeS3Location, type S3Location } from './location.ts';

/** What an answer said of itself, as far as it did: answers to HEAD have no text, and so no name. */
export interface Refusal {
  /** S3's name of the error, such as `NoSuchKey`. */
  readonly name: string | undefined;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The region that the text of the answer names. */
  readonly region: string | undefined;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

const headersOf = (response: unknown): Refusal['headers'] => {
  if (!isRecord(response) || !isRecord(response['headers'])) return {};
  return Object.fromEntries(
    Object.entries(response['headers']).map(([name, value]) => [name.toLowerCase(), textOf(value)]),
  );
};

/** An answer that refuses, out of the library's error; undefined when there was no answer. */
export const refusalOf = (error: unknown): Refusal | undefined => {
  if (!isRecord(error) || !isRecord(error['$metadata'])) return undefined;
  const status = error['$metadata']['httpStatusCode'];
  if (typeof status !== 'number') return undefined;
  const name = textOf(error['Code']) ?? textOf(error['name']);
  return {
    name: name === 'Unknown' || name === 'UnknownError' || name === 'NotFound' ? undefined : name,
    status,
    headers: headersOf(error['$response']),
    region: textOf(error['Region']),
  };
};

interface Meaning {
  readonly code: FaultCode;
  readonly what: string;
  readonly hint?: string;
  readonly retry?: true;
}

const expired: Meaning = {
  code: 'credentials-expired',
  what: 'the credentials have expired',
  hint: 'Get new ones: AWS_SESSION_TOKEN goes with the two keys that came with it, and lasts some hours at most.',
};

const refusedCredentials = (what: string): Meaning => ({
  code: 'credentials-refused',
  what,
  hint: 'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile in AWS_PROFILE.',
});

const denied: Meaning = {
  code: 'permission-denied',
  what: 'these credentials may not do that',
  hint: 'docs/storage-s3.md has the policies that are needed; without s3:ListBucket, what is missing looks forbidden.',
};

const busy: Meaning = { code: 'backend-unavailable', what: 'the server has trouble of its own', retry: true };

const quota: Meaning = {
  code: 'quota-exceeded',
  what: 'the quota of the bucket or of its owner is used up',
  hint: 'Raise the quota, or make room with forget and prune.',
};

const clock: Meaning = {
  code: 'clock-skewed',
  what: 'the clock of this machine and that of the storage differ too much',
  hint: 'Set the clock, best by NTP: signatures and locks depend on it.',
};

const archived: Meaning = {
  code: 'unsupported',
  what: 'the object lies in an archive class and cannot be read as it is',
  hint: 'Bring the objects below data/ back with the tools of the storage first.',
};

const full: Meaning = { code: 'disk-full', what: 'the storage is full' };

/** S3's names of errors (Amazon's list, and what others add), as far as they tell more than the status. */
const meanings: Readonly<Record<string, Meaning>> = {
  AccessDenied: denied,
  AllAccessDisabled: denied,
  AccountProblem: denied,
  MethodNotAllowed: denied,
  NoSuchBucket: {
    code: 'storage-missing',
    what: 'there is no such bucket',
    hint: 'Check the location. `mailkeep init` makes the bucket, nothing else does.',
  },
  BucketAlreadyExists: {
    code: 'permission-denied',
    what: 'the bucket belongs to somebody else',
    hint: 'Names of buckets are shared by all customers: choose another.',
  },
  InvalidAccessKeyId: refusedCredentials('the access key is not known there'),
  SignatureDoesNotMatch: refusedCredentials('the secret key does not belong to the access key'),
  InvalidToken: refusedCredentials('the session token is not valid'),
  AuthFailure: refusedCredentials('the credentials are not valid'),
  ExpiredToken: expired,
  ExpiredTokenException: expired,
  TokenRefreshRequired: expired,
  RequestTimeTooSkewed: clock,
  RequestExpired: clock,
  QuotaExceeded: quota,
  ServiceQuotaExceededException: quota,
  InsufficientCapacity: full,
  XMinioStorageFull: full,
  InvalidObjectState: archived,
  InvalidStorageClass: {
    code: 'usage',
    what: 'the storage class is not known there',
    hint: 'Check -o s3.storage-class; the list is in the documentation of the storage.',
  },
  SlowDown: busy,
  RequestTimeout: busy,
  OperationAborted: busy,
  ConditionalRequestConflict: busy,
  BadDigest: { ...busy, code: 'io-failed', what: 'the bytes were changed on their way' },
  XAmzContentSHA256Mismatch: { ...busy, code: 'io-failed', what: 'the bytes were changed on their way' },
  IncompleteBody: { ...busy, what: 'the upload was cut off' },
};

const byStatus = (status: number): Meaning => {
  if (status === 401 || status === 403 || status === 405) return denied;
  if (status === 404) return { code: 'object-missing', what: 'it is not there' };
  if (status === 507) return full;
  if (status === 408 || status === 429 || status >= 500) return busy;
  if (status >= 300 && status < 400) {
    return {
      code: 'region-wrong',
      what: 'the bucket is in another region',
      hint: 'Leave the region out, or name the right one with -o s3.region=….',
    };
  }
  return {
    code: 'backend-misbehaved',
    what: 'the server refuses the call',
    hint: 'Check the location: is this S3, and the right port?',
  };
};

const regionWrong = ({ region, headers }: Refusal): Meaning => {
  const right = headers['x-amz-bucket-region'] ?? region;
  return {
    code: 'region-wrong',
    what: right === undefined ? 'the region is not the right one' : `the bucket is in the region ${right}`,
    hint: `Leave the region out, or give -o s3.region=${right ?? '…'} (AWS_REGION and AWS_DEFAULT_REGION count, too).`,
  };
};

/** Names of errors that say that a call was signed for, or sent to, another region. */
const regionNames: ReadonlySet<string> = new Set([
  'PermanentRedirect',
  'TemporaryRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'InvalidLocationConstraint',
  'InvalidRegionName',
]);

/** The right region, when a call was refused for being in the wrong one. */
export const rightRegion = (error: unknown): string | undefined => {
  const refusal = refusalOf(error);
  if (refusal === undefined) return undefined;
  const isMeant = regionNames.has(refusal.name ?? '') || refusal.status === 301 || refusal.status === 400;
  return isMeant ? (refusal.headers['x-amz-bucket-region'] ?? refusal.region) : undefined;
};

const meaningOf = (refusal: Refusal): Meaning => {
  const { name, status } = refusal;
  if (name !== undefined && regionNames.has(name)) return regionWrong(refusal);
  return meanings[name ?? ''] ?? byStatus(status);
};

export interface Failing {
  readonly location: S3Location;
  /** `write pack 0123456789`. */
  readonly action: string;
  readonly hasAnswered: boolean;
  /** The longest that a call may be silent, in milliseconds. */
  readonly stuckTimeout: number;
  readonly run: Run;
}

const isTimeout = (error: unknown): boolean =>
  isRecord(error) && (error['name'] === 'TimeoutError' || error['code'] === 'ETIMEDOUT');

/** What the library threw, as a Fault. */
export const s3Fault = (error: unknown, failing: Failing): Fault => {
  if (error instanceof Fault) return error;
  const { location, action, run } = failing;
  if (run.signal.aborted) return interrupted(run.signal.reason);
  const place = describeS3Location(location);
  const refusal = refusalOf(error);
  const fault = (meaning: Meaning, context: FaultDetails['context'] = {}): Fault =>
    new Fault(meaning.code, `cannot ${action} at ${place}: ${meaning.what}`, {
      retry: meaning.retry ?? false,
      ...(meaning.hint === undefined ? {} : { hint: meaning.hint }),
      context,
      cause: error,
    });
  if (refusal !== undefined && refusal.status >= 300) {
    return fault(meaningOf(refusal), {
      status: refusal.status,
      ...(refusal.name === undefined ? {} : { error: refusal.name }),
    });
  }
  if (isTimeout(error)) {
    const hint = 'A storage that is full may hang, too. --stuck-request-timeout says how long to wait.';
    const what = `the server was silent for ${Math.round(failing.stuckTimeout / 1000)} s`;
    return fault({ code: 'backend-unavailable', what, hint, retry: true });
  }
  if (isRecord(error) && error['name'] === 'CredentialsProviderError') {
    return fault({
      code: 'credentials-missing',
      what: 'no credentials were found',
      hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile in AWS_PROFILE.',
    });
  }
  return (
    networkFault(error, { host: location.host, hasAnswered: failing.hasAnswered }) ??
    fault({
      code: 'backend-misbehaved',
      what: `the answer makes no sense (${error instanceof Error ? error.message : String(error)})`,
      hint: 'Check the location: is this S3, and the right port?',
    })
  );
};
