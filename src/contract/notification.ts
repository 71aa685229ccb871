import type { RunVerdict } from '../model/run-record.ts';
import type { Run } from './run.ts';

/** When something is told: after every run, when a run went another way than the one before, or when a person has to look. */
export type NotificationPolicy = 'always' | 'change' | 'trouble';

/** What is told of a run, drawn in one language. Nothing in it is secret; it survives JSON. */
export interface Announcement {
  /** Of the run; a message that is sent twice can be known by it. */
  readonly id: string;
  readonly verdict: RunVerdict;
  /** Milliseconds since 1970 UTC. */
  readonly time: number;
  readonly machine: string;
  /** A single line, for the subject of a mail. */
  readonly subject: string;
  /** The verdict in a line. */
  readonly headline: string;
  readonly text: string;
  /** A whole page. */
  readonly html: string;
  /** The report as plain data, for programs. */
  readonly report: unknown;
}

export type PingMoment = 'start' | 'success' | 'failure';

/**
 * One way to tell people or programs about runs.
 *
 * Guarantees of each: a call ends within its patience (30 s), or soon after `run.signal` is aborted; a resolved call means that
 * the other side has taken it; nothing is sent twice by one call. Faults: `configuration`, `server-unavailable`, `server-throttled`,
 * `server-refused`, `server-misbehaved`, `credentials-refused`, `certificate-untrusted`, `interrupted`; none holds a secret, and an
 * address with a token in its path is one.
 */
export type Notifier =
  | { readonly kind: 'message'; send(announcement: Announcement, run: Run): Promise<void> }
  /** Tells a monitor that a run began or ended; it is worth something at its time only, and never repeated. */
  | { readonly kind: 'ping'; ping(moment: PingMoment, body: string, run: Run): Promise<void> };
