import { connect, createServer, type Socket } from 'node:net';

/** Stands between a client and a server, and loses answers: TLS goes through as it is. */
export interface CuttingProxy {
  readonly port: number;
  /**
   * From so many bytes of one connection on, nothing that the server says is passed on any more, what the client says for
   * a moment still is, and then both ends are closed; for the next `times` connections that bring as much.
   */
  cutAfterUpload(bytes: number, times: number): void;
  /** Calls once when a connection has brought so many bytes. */
  onUpload(bytes: number, call: () => void): void;
  cuts(): number;
  stop(): Promise<void>;
}

/** Long enough for a server on this machine to store what it was given. */
const lastWords = 300;

export const startCuttingProxy = async (serverPort: number): Promise<CuttingProxy> => {
  const sockets = new Set<Socket>();
  let [limit, left, done] = [Number.POSITIVE_INFINITY, 0, 0];
  let watch: { readonly bytes: number; readonly call: () => void } | undefined;
  const server = createServer((client) => {
    const upstream = connect({ host: '127.0.0.1', port: serverPort });
    let uploaded = 0;
    let isDeaf = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        if (!isDeaf) upstream.destroy();
      });
    }
    client.on('data', (bytes) => {
      upstream.write(bytes);
      uploaded += bytes.length;
      if (watch !== undefined && uploaded >= watch.bytes) {
        watch.call();
        watch = undefined;
      }
      if (isDeaf || uploaded < limit || left === 0) return;
      isDeaf = true;
      left--;
      done++;
      setTimeout(() => {
        client.destroy();
        upstream.destroy();
      }, lastWords);
    });
    upstream.on('data', (bytes) => {
      if (!isDeaf) client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    cutAfterUpload: (bytes, times) => void ([limit, left] = [bytes, times]),
    onUpload: (bytes, call) => (watch = { bytes, call }),
    cuts: () => done,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
