import { connect, createServer, type Socket } from 'node:net';
import { Fault } from '../model/fault.ts';
import { errnoFault } from './errno.ts';

/** A port of 127.0.0.1 that leads to a Unix socket: of a container without a network, that is what can be reached. */
export interface LoopbackBridge {
  readonly port: number;
  /** Ends what goes over it, too. */
  close(): Promise<void>;
}

/** Each end ends the other, whatever the reason. */
const join = (near: Socket, far: Socket, open: Set<Socket>): void => {
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    open.add(one);
    one.on('error', () => other.destroy());
    one.on('close', () => {
      open.delete(one);
      other.destroySoon();
    });
    one.pipe(other);
  }
};

/** Fault as `errnoFault`. */
export const openBridge = (path: string): Promise<LoopbackBridge> =>
  new Promise((resolve, reject) => {
    const open = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (near) =>
      join(near, connect({ path, allowHalfOpen: true }), open),
    );
    server.once('error', (error) => reject(errnoFault(error, 'listen on', '127.0.0.1')));
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address !== 'object') {
        reject(new Fault('io-failed', 'no port is free on 127.0.0.1'));
        return;
      }
      const close = (): Promise<void> =>
        new Promise((closed) => {
          server.close(() => closed());
          for (const socket of open) socket.destroy();
        });
      resolve({ port: address.port, close });
    });
  });
