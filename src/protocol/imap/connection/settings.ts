/** How to reach a server. */
export interface ServerSettings {
  readonly host: string;
  readonly port: number;
  /** `none` sends the password in the clear: only for a server on this machine, or behind a tunnel. */
  readonly security: 'tls' | 'starttls' | 'none';
  /** CA certificates (PEM) instead of those of the system. */
  readonly certificateAuthorities?: string;
  /** SHA-256 of the server's own certificate, hexadecimal, with or without colons: then no CA is asked. */
  readonly fingerprint?: string;
  /** The name that the certificate is for, where it is not the host. */
  readonly serverName?: string;
  /** COMPRESS=DEFLATE where offered. Default true. */
  readonly compress?: boolean;
  /** How long the server may be silent while it owes an answer. Default 120,000. */
  readonly silenceMilliseconds?: number;
  /** How long connecting may take. Default 30,000. */
  readonly connectMilliseconds?: number;
}
