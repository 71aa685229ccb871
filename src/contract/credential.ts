import type { Secret } from '../model/secret.ts';
import type { Run } from './run.ts';

/** What a mail server is shown at login. */
export type Credential =
  | { readonly kind: 'password'; readonly user: string; readonly password: Secret }
  /** An OAuth 2.0 access token, for XOAUTH2 and OAUTHBEARER (RFC 7628). */
  | { readonly kind: 'bearer'; readonly user: string; readonly token: Secret };

/**
 * Gives the credential of one account. `refused`: the last one was not accepted by the server, so that a token is to be
 * made anew whatever its age.
 *
 * Guarantees: a token is valid, as far as can be known here, for another minute at least; asking often is cheap; several
 * callers at once cause one request. Faults: `configuration`, `credentials-refused`, `server-throttled`,
 * `server-unavailable`, `server-misbehaved`, `certificate-untrusted`, `interrupted`; none holds a secret.
 */
export type CredentialSource = (refused: boolean, run: Run) => Promise<Credential>;
