import { connect } from 'node:net';

/** Whether a server on a port of 127.0.0.1 greets: that something listens says nothing of the processes behind it. */
export const greets = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('error', () => resolve(false));
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('close', () => resolve(false));
  });
