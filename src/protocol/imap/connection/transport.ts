import { connect as connectPlain, isIP, type OnReadOpts, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import { interrupted } from '../../../contract/run.ts';
import type { ServerSettings } from './settings.ts';
import { brokenOff, silent, socketFault, wrongFingerprint } from './socket-fault.ts';

export interface TransportListener {
  /** The bytes are another's as soon as it returns. */
  bytes(chunk: Uint8Array): void;
  /** Once, at the end of the connection, whatever ended it. */
  ended(fault: Error): void;
}

const defaultConnect = 30_000;
/** What one read takes in at most. TLS gives no more than 16 KiB at a time. */
const readBytes = 64 * 1024;

/** Takes what a connection receives. Until somebody does it is kept: a server may greet before anybody listens. */
class Intake {
  readonly #early: Buffer[] = [];
  #take: (chunk: Buffer) => void = (chunk) => void this.#early.push(Buffer.from(chunk));

  take(chunk: Buffer): void {
    this.#take(chunk);
  }

  open(take: (chunk: Buffer) => void): void {
    this.#take = take;
    for (const chunk of this.#early.splice(0)) take(chunk);
  }
}

/**
 * One buffer for all that a connection receives, instead of new memory for each 16 KiB, which drives the collector to look for
 * garbage again and again: a quarter of the processor time of a first capture.
 */
const intoOneBuffer = (intake: Intake): { readonly onread: OnReadOpts } => ({
  onread: {
    buffer: Buffer.allocUnsafeSlow(readBytes),
    callback: (length, bytes) => {
      intake.take(Buffer.from(bytes.buffer, bytes.byteOffset, length));
      return true;
    },
  },
});

/** A stream of bytes to a server and back: TCP, TLS or TLS after a while, deflated or not. */
export class Transport {
  readonly #settings: ServerSettings;
  #socket: Socket;
  #readable: Readable;
  #writable: Writable;
  /** Undefined: what comes is told by events. */
  #intake: Intake | undefined;
  #listener: TransportListener | undefined;
  #corked = false;
  #ended = false;
  secure: boolean;

  constructor(
    socket: Socket,
    settings: ServerSettings,
    { secure, intake }: { readonly secure: boolean; readonly intake?: Intake },
  ) {
    this.#settings = settings;
    this.#intake = intake;
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
    const intake = this.#intake;
    const inflate = createInflateRaw();
    const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
    inflate.on('error', (error) => this.destroy(socketFault(error, this.#settings)));
    deflate.on('error', (error) => this.destroy(socketFault(error, this.#settings)));
    if (rest.length > 0) inflate.write(rest);
    if (intake === undefined) socket.pipe(inflate);
    else {
      // The buffer is used again at once, so that what waits has to lie elsewhere.
      inflate.on('drain', () => socket.resume());
      intake.open((chunk) => {
        if (!inflate.write(Buffer.from(chunk))) socket.pause();
      });
    }
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
    const take = (chunk: Buffer): void => this.#listener?.bytes(chunk);
    if (this.#intake === undefined) socket.on('data', take);
    else this.#intake.open(take);
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
    const intake = new Intake();
    const socket = connectTls({ ...tlsOptions(settings), ...intoOneBuffer(intake), port });
    await secured(socket, settings, signal);
    socket.setNoDelay(true);
    return new Transport(socket, settings, { secure: true, intake });
  }
  const socket = connectPlain({ host, port, noDelay: true });
  await settled(socket, 'connect', settings, signal);
  return new Transport(socket, settings, { secure: false });
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
