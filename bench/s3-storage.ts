import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { startHttpProxy } from '../test/servers/http-proxy.ts';
import { startRadosgw } from '../test/servers/radosgw.ts';
import { s3Variables } from '../test/servers/s3-settings.ts';

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

/** Ceph's gateway in memory, and the line to it: a proxy in the process of the bench that holds each call back. */
export async function startS3Storage(): Promise<RemoteStorage> {
  const server = await startRadosgw({ room });
  await server.client().send(new CreateBucketCommand({ Bucket: 'bench' }));
  const proxy = await startHttpProxy({ target: server.endpoint, latency: s3Latency });
  return {
    locationOf: (name) => `s3:${proxy.endpoint}/bench/${name}`,
    env: s3Variables(server.owner),
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
}
