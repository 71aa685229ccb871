/**
 * What the command line and the environment say about the storage, the same for every kind. Plain data, so that it can
 * be handed to another thread; it may hold secrets, and is never printed.
 */
export interface StorageSettings {
  /** restic's `-o key=value`, such as `s3.region`. What begins with a backend's own scheme is that backend's to check. */
  readonly options: Readonly<Record<string, string>>;
  /** The variables of the environment, for credentials and what else a backend's users expect there. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly tls: TlsSettings;
  /** Milliseconds after which a call that makes no progress has failed; restic's `--stuck-request-timeout`. */
  readonly stuckTimeout: number;
  /** Bytes a second. */
  readonly uploadRate?: number;
  readonly downloadRate?: number;
}

export interface TlsSettings {
  /** Path of a file with the certificates to trust, in PEM, in place of the system's. */
  readonly certificates?: string;
  /** Path of a file with a certificate of our own and its key, in PEM, for servers that ask for one. */
  readonly clientCertificate?: string;
  /** Whether any certificate will do. */
  readonly insecure: boolean;
}

/** What holds when nobody says anything. */
export const usualStorageSettings: StorageSettings = {
  options: {},
  variables: {},
  tls: { insecure: false },
  stuckTimeout: 300_000,
};
