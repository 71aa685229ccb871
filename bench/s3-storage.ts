import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { startRadosgw } from '../test/servers/radosgw.ts';
import { s3Variables } from '../test/servers/s3-settings.ts';
import { startDelayingProxy } from './delaying-proxy.ts';

/** Storage at the other end of a line. */
export interface RemoteStorage {
  /** Where one program's repository is. */
  readonly locationOf: (name: string) => string;
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** Milliseconds of a round trip, in the titles of the rows, too. */
export const s3Latency = 40;

/** Bytes: all first backups of a row stay there, as with local ones. */
const room = 10 * 2 ** 30;

/**
 * Ceph's gateway in memory, and the line to it: a proxy in the process of the bench that holds bytes back. It does not read them:
 * who parses HTTP for a gigabyte takes seconds of the processors that the programs are measured on.
 */
export async function startS3Storage(): Promise<RemoteStorage> {
  const server = await startRadosgw({ room });
  await server.client().send(new CreateBucketCommand({ Bucket: 'bench' }));
  const proxy = await startDelayingProxy(server.port);
  proxy.latency = s3Latency;
  return {
    locationOf: (name) => `s3:http://127.0.0.1:${proxy.port}/bench/${name}`,
    env: s3Variables(server.owner),
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
}
