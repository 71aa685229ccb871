import { createServer, type Server, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const portOf = (server: Server): number => {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
};

/** A port of the loopback interface that nobody listens on just now. */
export const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
};

/** Resolves as soon as somebody listens on the port; rejects after 20 seconds. */
export const untilListening = async (port: number): Promise<void> => {
  for (let tries = 0; tries < 400; tries++) {
    const reached = await new Promise<boolean>((resolve) => {
      const socket = new Socket();
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
      socket.connect(port, '127.0.0.1', () => socket.destroy());
    });
    if (reached) return;
    await delay(50);
  }
  throw new Error(`nobody listens on port ${port}`);
};

/** A way to a server that can be cut, after so many bytes if need be. */
export interface Cable extends AsyncDisposable {
  readonly port: number;
  /** Cuts every connection now. */
  cut(): void;
  /** Cuts once, when so many further bytes went from (or to) the client. */
  cutAfter(bytes: number, direction: 'up' | 'down'): void;
  /** How many connections there were. */
  readonly connections: number;
}

export const layCable = async (target: number): Promise<Cable> => {
  const sockets = new Set<Socket>();
  let connections = 0;
  let plan: { left: number; readonly direction: 'up' | 'down' } | undefined;
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const count = (direction: 'up' | 'down', bytes: number): void => {
    if (plan?.direction !== direction) return;
    plan.left -= bytes;
    if (plan.left > 0) return;
    plan = undefined;
    cut();
  };
  const server = createServer((near) => {
    connections++;
    const far = new Socket().connect(target, '127.0.0.1');
    for (const [from, to, direction] of [
      [near, far, 'up'],
      [far, near, 'down'],
    ] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('data', (chunk: Buffer) => {
        if (!to.write(chunk)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
        count(direction, chunk.length);
      });
      from.on('end', () => to.end());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: portOf(server),
    cut,
    cutAfter: (bytes, direction) => {
      plan = { left: bytes, direction };
    },
    get connections() {
      return connections;
    },
    [Symbol.asyncDispose]: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
