import { createServer } from 'node:net';
import { Fault } from '../model/fault.ts';
import { errnoFault } from './errno.ts';

/** A port of 127.0.0.1 that nobody listens on just now. Fault as `errnoFault`. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => reject(errnoFault(error, 'listen on', '127.0.0.1')));
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Fault('io-failed', 'no port is free on 127.0.0.1'));
      });
    });
  });
