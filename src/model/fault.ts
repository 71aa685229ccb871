/**
 * Everything that can go wrong, as a closed list. A foreign error (errno, a server's answer, a parser's complaint) becomes
 * a Fault at the adapter that met it, and nowhere else; above that, only `code` is looked at.
 */
export type FaultCode =
  // the caller
  | 'usage'
  | 'configuration'
  | 'interrupted'
  /** Another run of this configuration is at work on this machine. */
  | 'run-under-way'
  // the environment
  /** The disk that backups go to is not mounted, or another one is in its place. */
  | 'disk-missing'
  | 'disk-full'
  | 'quota-exceeded'
  | 'read-only'
  | 'permission-denied'
  | 'io-failed'
  | 'unsupported'
  // a server that a person has an account on
  /** It does not answer, or does not work at the moment. */
  | 'server-unavailable'
  /** It asks to be left alone for a while. */
  | 'server-throttled'
  /** What it sends breaks the protocol, or contradicts itself. */
  | 'server-misbehaved'
  /** It declines a request. */
  | 'server-refused'
  // what is backed up
  | 'source-missing'
  | 'source-empty'
  | 'entry-unreadable'
  | 'entry-vanished'
  | 'entry-changed'
  | 'entry-unsupported'
  | 'scan-unsettled'
  // the repository and what is in it
  | 'repository-missing'
  | 'repository-exists'
  | 'repository-locked'
  | 'repository-newer'
  | 'wrong-password'
  | 'config-damaged'
  | 'key-damaged'
  | 'index-damaged'
  | 'pack-damaged'
  | 'blob-damaged'
  | 'blob-missing'
  | 'tree-damaged'
  | 'snapshot-damaged'
  | 'lock-lost'
  | 'snapshot-missing'
  /** A hold stands on it: it is neither removed nor replaced. */
  | 'snapshot-held'
  | 'snapshot-ambiguous'
  | 'path-missing'
  // storage below the repository
  | 'storage-missing'
  | 'credentials-missing'
  | 'credentials-expired'
  | 'clock-skewed'
  | 'region-wrong'
  | 'object-missing'
  | 'object-exists'
  | 'backend-unavailable'
  /** The server at the other end is not shown to be the one it should be. */
  | 'host-key-unknown'
  | 'host-key-changed'
  | 'certificate-untrusted'
  /** The user, the password or the key was not accepted. */
  | 'credentials-refused'
  | 'backend-misbehaved'
  // the target of a restore
  | 'target-occupied'
  | 'target-unsafe'
  | 'metadata-not-restored'
  | 'verification-failed'
  // ourselves
  | 'internal';

export interface FaultDetails {
  /** What the operator can do about it, as one sentence or two. */
  readonly hint?: string;
  /** Whether the same attempt, later, may succeed. */
  readonly retry?: boolean;
  /** Paths, ids, counts: for `--json` and the log. Never a secret. */
  readonly context?: Readonly<Record<string, string | number | boolean>>;
  readonly cause?: unknown;
}

/** A failure as a person is told it: `message` is a sentence in plain words, without a final full stop. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly hint: string | undefined;
  readonly retry: boolean;
  readonly context: Readonly<Record<string, string | number | boolean>>;

  constructor(code: FaultCode, message: string, details: FaultDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Fault';
    this.code = code;
    this.hint = details.hint;
    this.retry = details.retry ?? false;
    this.context = details.context ?? {};
  }
}

/** Any thrown value as a Fault; what is not one already becomes `internal`, which is a defect of ours. */
export const asFault = (thrown: unknown): Fault => {
  if (thrown instanceof Fault) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Fault('internal', `unexpected failure: ${message}`, {
    cause: thrown,
    hint: 'This is a defect in Mailkeep; please report it with the output of the same command under --verbose.',
  });
};

/** Whether a thrown value is a Fault with one of these codes. */
export const isFault = (thrown: unknown, ...codes: readonly FaultCode[]): thrown is Fault =>
  thrown instanceof Fault && (codes.length === 0 || codes.includes(thrown.code));
