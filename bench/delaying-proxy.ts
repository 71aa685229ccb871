import { connect, createServer, type Socket } from 'node:net';

/** A line between client and server on which every byte is on its way for a while, as many at once as there are. */
export interface DelayingProxy {
  readonly port: number;
  /** Milliseconds of a round trip; 0 at first. */
  latency: number;
  readonly stop: () => Promise<void>;
}

export async function startDelayingProxy(target: number): Promise<DelayingProxy> {
  const sockets = new Set<Socket>();
  const proxy = { latency: 0 };
  const carry = (from: Socket, to: Socket): void => {
    // Timers of equal length fire in the order in which they were set; bytes that come at once stay together.
    const later = (work: () => void): void => {
      if (proxy.latency === 0) work();
      else setTimeout(work, proxy.latency / 2);
    };
    from.on('data', (bytes) => later(() => to.write(bytes)));
    from.on('end', () => later(() => to.end()));
    from.on('close', () => sockets.delete(from));
    from.on('error', () => to.destroy());
    sockets.add(from);
  };
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: '127.0.0.1', port: target, noDelay: true, allowHalfOpen: true });
    carry(client, upstream);
    carry(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return Object.assign(proxy, {
    port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
