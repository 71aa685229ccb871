import { connect as connectPlain, isIP, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import { interrupted } from '../../../contract/run.ts';
import type { ServerSettings } from './settings.ts';
import { brokenOff, silent, socketFault, wrongFingerprint } from './socket-fault.ts';

export interface TransportListener {
  /** The bytes are the listener's. */
  bytes(chunk: Uint8Array): void;
  /** Once, at the end of the connection, whatever ended it. */
  ended(fault: Error): void;
}

const defaultConnect = 30_000;

/** A stream of bytes to a server and back: TCP, TLS or TLS after a while, deflated or not. */
export class Transport {
  readonly #settings: ServerSettings;
  #socket: Socket;
  #readable: Readable;
  #writable: Writable;
  #listener: TransportListener | undefined;
  #corked = false;
  #ended = false;
  secure: boolean;

  constructor(socket: Socket, settings: ServerSettings, secure: boolean) {
    this.#settings = settings;
    this.#socket = socket;
    this.#readable = socket;
    this.#writable = socket;
    this.secure = secure;
  }

  listen(listener: TransportListener): void {
    this.#listener = listener;
    this.#attach();
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#ended) return Promise.reject(brokenOff(this.#settings));
    const writable = this.#writable;
    if (!this.#corked) {
      this.#corked = true;
      writable.cork();
      process.nextTick(() => {
        this.#corked = false;
        writable.uncork();
      });
    }
    if (writable.write(bytes)) return Promise.resolve();
    return new Promise((resolve) => {
      // Whatever ends the connection is told to the listener; nobody may wait here for ever.
      const go = (): void => {
        writable.off('drain', go);
        writable.off('close', go);
        resolve();
      };
      writable.on('drain', go);
      writable.on('close', go);
    });
  }

  pause(): void {
    this.#readable.pause();
  }

  resume(): void {
    this.#readable.resume();
  }

  /** TLS over what was plain so far (STARTTLS). */
  async startTls(signal: AbortSignal): Promise<void> {
    this.#socket.removeAllListeners('data');
    this.#socket.pause();
    const plain = this.#socket;
    const socket = connectTls({ ...tlsOptions(this.#settings), socket: plain });
    await secured(socket, this.#settings, signal);
    this.#socket = socket;
    this.#readable = socket;
    this.#writable = socket;
    this.secure = true;
    this.#attach();
  }

  /** RFC 4978; `rest` are bytes that came after the answer. */
  deflate(rest: Uint8Array): void {
    const socket = this.#socket;
    socket.removeAllListeners('data');
    const inflate = createInflateRaw();
    const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
    inflate.on('error', (error) => this.destroy(socketFault(error, this.#settings)));
    deflate.on('error', (error) => this.destroy(socketFault(error, this.#settings)));
    if (rest.length > 0) inflate.write(rest);
    socket.pipe(inflate);
    deflate.pipe(socket);
    this.#readable = inflate;
    this.#writable = deflate;
    inflate.on('data', (chunk: Buffer) => this.#listener?.bytes(chunk));
  }

  destroy(fault: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.destroy();
    this.#readable.destroy();
    this.#writable.destroy();
    this.#listener?.ended(fault);
  }

  #attach(): void {
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => this.#listener?.bytes(chunk));
    socket.on('error', (error) => this.destroy(socketFault(error, this.#settings)));
    socket.on('close', () => this.destroy(brokenOff(this.#settings)));
    socket.on('end', () => this.destroy(brokenOff(this.#settings)));
    socket.resume();
  }
}

/** Connects, with TLS at once where the settings say so. */
export const openTransport = async (settings: ServerSettings, signal: AbortSignal): Promise<Transport> => {
  if (signal.aborted) throw interrupted(signal.reason);
  const { host, port } = settings;
  if (settings.security === 'tls') {
    const socket = connectTls({ ...tlsOptions(settings), port });
    await secured(socket, settings, signal);
    socket.setNoDelay(true);
    return new Transport(socket, settings, true);
  }
  const socket = connectPlain({ host, port, noDelay: true });
  await settled(socket, 'connect', settings, signal);
  return new Transport(socket, settings, false);
};

const tlsOptions = (settings: ServerSettings): ConnectionOptions => {
  const { host, serverName, certificateAuthorities, fingerprint } = settings;
  const name = serverName ?? (isIP(host) === 0 ? host : undefined);
  return {
    host,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: fingerprint === undefined,
    ...(name === undefined ? {} : { servername: name }),
    ...(certificateAuthorities === undefined ? {} : { ca: certificateAuthorities }),
  };
};

const secured = async (socket: TLSSocket, settings: ServerSettings, signal: AbortSignal): Promise<void> => {
  await settled(socket, 'secureConnect', settings, signal);
  if (settings.fingerprint === undefined) return;
  const plain = (fingerprint: string): string => fingerprint.replace(/[^0-9a-f]/gi, '').toLowerCase();
  const { fingerprint256 } = socket.getPeerCertificate();
  if (plain(fingerprint256) === plain(settings.fingerprint)) return;
  socket.destroy();
  throw wrongFingerprint(settings, fingerprint256);
};

/** Waits until the socket has done its first step, or rejects with what kept it from that. */
const settled = (
  socket: Socket,
  event: 'connect' | 'secureConnect',
  settings: ServerSettings,
  signal: AbortSignal,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const milliseconds = settings.connectMilliseconds ?? defaultConnect;
    const finish = (error: unknown): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.removeListener(event, done);
      socket.removeListener('error', fail);
      socket.removeListener('close', close);
      if (error === undefined) {
        resolve();
        return;
      }
      socket.on('error', () => undefined);
      socket.destroy();
      reject(socketFault(error, settings));
    };
    const done = (): void => finish(undefined);
    const fail = (error: Error): void => finish(error);
    const close = (): void => finish(brokenOff(settings));
    const abort = (): void => finish(interrupted(signal.reason));
    const timer = setTimeout(() => finish(silent(settings, milliseconds / 1000)), milliseconds);
    signal.addEventListener('abort', abort, { once: true });
    socket.on(event, done);
    socket.on('error', fail);
    socket.on('close', close);
  });
