import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type * as clientS3 from '@aws-sdk/client-s3';
import type { S3Client } from '@aws-sdk/client-s3';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import type { TlsSettings } from '../../contract/storage-settings.ts';
import { isFault } from '../../model/fault.ts';
import type { ProxyVariables } from '../proxy-variables.ts';
import { tlsOptions } from '../tls-options.ts';
import { isAmazon, type S3Location } from './location.ts';
import { refusalOf, rightRegion, s3Fault } from './s3-fault.ts';
import type { S3Settings } from './settings.ts';

export type Sdk = typeof clientS3;

/** All that opens the same storage, also in another thread: plain data. It may hold secrets. */
export interface S3Place {
  readonly location: S3Location;
  readonly settings: S3Settings;
  readonly tls: TlsSettings;
  readonly proxy: ProxyVariables;
  readonly stuckTimeout: number;
}

export interface CallOptions {
  readonly abortSignal: AbortSignal;
}

type Call<T> = (client: S3Client, options: CallOptions, sdk: Sdk) => Promise<T>;

/** A line to the server. The library is loaded, and the first call made, when somebody asks. */
export interface S3Connection {
  readonly place: S3Place;
  /** Makes a call; what goes wrong becomes a Fault. `action` completes "cannot …". */
  ask<T>(action: string, run: Run, call: Call<T>, patience?: Patience): Promise<T>;
  close(): Promise<void>;
}

/** How a call takes an interruption: at once, or after having had a moment to finish. */
export type Patience = 'none' | 'a-moment';

const moment = 3000;

/** Of a call that must not be left half done: aborts a moment after the run. */
const delayedSignal = (signal: AbortSignal): { readonly signal: AbortSignal; release(): void } => {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => controller.abort(signal.reason), moment);
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    signal: controller.signal,
    release: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
};

/** `s3.amazonaws.com` stands for all regions, but answers only for the first without a detour. */
const endpointOf = ({ host, secure }: S3Location, region: string): string => {
  const regional = host === 's3.amazonaws.com' && region !== 'us-east-1' ? `s3.${region}.amazonaws.com` : host;
  return `${secure ? 'https' : 'http'}://${regional}`;
};

const makeClient = async (sdk: Sdk, place: S3Place, region: string): Promise<S3Client> => {
  const { location, settings, proxy, stuckTimeout } = place;
  const sockets = { keepAlive: true, maxSockets: settings.connections, proxyEnv: proxy };
  const { credentials } = settings;
  return new sdk.S3Client({
    endpoint: endpointOf(location, region),
    region,
    forcePathStyle: settings.pathStyle,
    // Repeating is for the wrapper, which tells of it.
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      httpAgent: new HttpAgent(sockets),
      httpsAgent: new HttpsAgent({ ...sockets, ...(await tlsOptions(place.tls)) }),
      connectionTimeout: Math.min(30_000, stuckTimeout),
      socketTimeout: stuckTimeout,
      // Waiting for one of our sockets is what the limit of connections means.
      socketAcquisitionWarningTimeout: 3_600_000,
    },
    ...(credentials === 'chain' ? {} : credentials === 'anonymous' ? {} : { credentials: { ...credentials } }),
    ...(credentials === 'anonymous' ? { signer: { sign: async (request) => request } } : {}),
  });
};

/** What a bucket's region is when nothing tells; others than Amazon do not care for the most part. */
const usualRegion = 'us-east-1';

/** Loads the library at once, while the caller does something else. */
export const connectS3 = (place: S3Place): S3Connection => {
  const { location, settings, stuckTimeout } = place;
  const loading = import('@aws-sdk/client-s3');
  // Each call awaits it and is told.
  loading.catch(() => undefined);
  let client: Promise<S3Client> | undefined;
  let learned: string | undefined;
  let hasAnswered = false;

  const clientNow = async (sdk: Sdk): Promise<S3Client> => {
    client ??= makeClient(sdk, place, learned ?? settings.region ?? usualRegion);
    return client;
  };
  /** Whether there is another try with the region that the server named. */
  const learn = (error: unknown): boolean => {
    const region = rightRegion(error);
    if (region === undefined || settings.region !== undefined || region === learned) return false;
    learned = region;
    client = undefined;
    return true;
  };
  const send = async <T>(call: Call<T>, options: CallOptions): Promise<T> => {
    const sdk = await loading;
    try {
      return await call(await clientNow(sdk), options, sdk);
    } catch (error) {
      if (!learn(error)) throw error;
      return await call(await clientNow(sdk), options, sdk);
    }
  };

  return {
    place,
    ask: async (action, run, call, patience = 'none') => {
      throwIfInterrupted(run);
      const delayed = patience === 'none' ? undefined : delayedSignal(run.signal);
      try {
        const result = await send(call, { abortSignal: delayed?.signal ?? run.signal });
        hasAnswered = true;
        return result;
      } catch (error) {
        hasAnswered = hasAnswered || refusalOf(error) !== undefined || isFault(error);
        throw s3Fault(error, { location, action, hasAnswered, stuckTimeout, run });
      } finally {
        delayed?.release();
      }
    },
    close: async () => {
      // A client that could not be made was told of in the call that wanted it, and has nothing to let go of.
      if (client !== undefined) (await client.catch(() => undefined))?.destroy();
    },
  };
};

/** Whether this server is known to refuse to overwrite when it is asked to. */
export const keepsConditions = ({ location }: S3Place): boolean => isAmazon(location);
