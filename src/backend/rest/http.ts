import type { Readable } from 'node:stream';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  /** With the query, below the repository's URL: `data/0123…`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with its length. */
  readonly body?: readonly Uint8Array[];
}

export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name. */
  header(name: string): string | undefined;
  /** Must be read to its end or destroyed. Fails with the system's error when the connection is lost. */
  readonly body: Readable;
}

/** A way to speak HTTP with one server. Rejects with Faults where it knows the meaning, else with the system's error. */
export interface HttpClient {
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}
