import { X509Certificate } from 'node:crypto';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { interrupted, type Run } from '../../contract/run.ts';
import type { ImapAccount } from './config.ts';
import { silent, socketFault } from './connection/socket-fault.ts';

/** What a server's certificate says, whether or not it is to be trusted. */
export interface SeenCertificate {
  /** Of whom it is: `CN=imap.example.org`. */
  readonly subject: string;
  readonly issuer: string;
  /** Seconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
  /** SHA-256, in hexadecimal digits with colons. */
  readonly fingerprint: string;
  /** Names that it is for. */
  readonly names: readonly string[];
}

const patience = 20_000;

type Server = Pick<ImapAccount, 'host' | 'port' | 'security'>;

/**
 * Looks at the certificate and sends nothing that is anybody's: no login is tried. Undefined where there is no TLS.
 * Faults: `server-unavailable`, `server-misbehaved`, `interrupted`.
 */
export const inspectCertificate = async (server: Server, run: Run): Promise<SeenCertificate | undefined> => {
  if (server.security === 'none') return undefined;
  const sockets: Socket[] = [];
  const stop = (): void => {
    sockets.at(-1)?.destroy(interrupted(run.signal.reason));
  };
  run.signal.addEventListener('abort', stop, { once: true });
  try {
    const plain = server.security === 'starttls' ? await startedTls(server, sockets) : undefined;
    return await certificateOf(server, plain, sockets);
  } catch (error) {
    throw run.signal.aborted ? interrupted(run.signal.reason) : socketFault(error, server);
  } finally {
    run.signal.removeEventListener('abort', stop);
    // Only the uppermost, which takes the one below along: Node ends with a segmentation fault when that goes first.
    sockets.at(-1)?.destroy();
  }
};

const certificateOf = (server: Server, plain: Socket | undefined, sockets: Socket[]): Promise<SeenCertificate> =>
  new Promise((resolve, reject) => {
    const { host, port } = server;
    const names = isIP(host) === 0 ? { servername: host } : {};
    const where = plain === undefined ? { host, port } : { socket: plain };
    // Whether it is to be trusted is decided at the login; here it is only looked at.
    const socket: TLSSocket = connectTls({ ...where, ...names, rejectUnauthorized: false });
    sockets.push(socket);
    socket.setTimeout(patience, () => reject(silent(server, patience / 1000)));
    socket.on('error', reject);
    socket.on('secureConnect', () => {
      const certificate = new X509Certificate(socket.getPeerCertificate(true).raw);
      resolve({
        subject: oneLine(certificate.subject),
        issuer: oneLine(certificate.issuer),
        validFrom: secondsOf(certificate.validFrom),
        validTo: secondsOf(certificate.validTo),
        fingerprint: certificate.fingerprint256,
        names: (certificate.subjectAltName ?? '').split(', ').map((name) => name.replace(/^(?:DNS|IP Address):/, '')),
      });
    });
  });

const oneLine = (name: string): string =>
  name
    .split('\n')
    .join(', ')
    .replace(/[^ -~\u00a0-\uffff]/g, '');
const secondsOf = (time: string): number => Math.floor(Date.parse(time) / 1000);

/** Reads the greeting, and asks for TLS: RFC 3501 section 6.2.1. */
const startedTls = (server: Server, sockets: Socket[]): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectPlain({ host: server.host, port: server.port });
    sockets.push(socket);
    socket.setTimeout(patience, () => reject(silent(server, patience / 1000)));
    let text = '';
    let asked = false;
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('it closed the connection')));
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (text.length > 65_536) reject(new Error('it says too much'));
      if (!asked && text.includes('\n')) {
        asked = true;
        text = '';
        socket.write('m1 STARTTLS\r\n');
        return;
      }
      const answer = /^m1 (\S+)/im.exec(text);
      if (answer === null || !text.endsWith('\n')) return;
      socket.removeAllListeners('data');
      socket.removeAllListeners('close');
      if (answer[1]?.toUpperCase() === 'OK') resolve(socket);
      else reject(new Error('it does not take STARTTLS'));
    });
  });
