import type { Secret } from '../model/secret.ts';
import type { Run } from './run.ts';

/** What a mail server is shown at login. */
export type Credential =
  | { readonly kind: 'password'; readonly user: string; readonly password: Secret }
  /** An OAuth 2.0 access token, for XOAUTH2 and OAUTHBEARER (RFC 7628). */
  | { readonly kind: 'bearer'; readonly user: string; readonly token: Secret };

/**
 * Gives the credential of one account.
 *
 * Guarantees: what is given was valid, as far as can be known here, for another minute at least; asking often is cheap;
 * several callers at once cause one request. Faults: `configuration`, `login-refused`, `login-unavailable`,
 * `server-unavailable`, `server-misbehaved`, `certificate-invalid`, `host-unknown`, `interrupted`; none holds a secret.
 */
export interface CredentialSource {
  credential(run: Run): Promise<Credential>;
  /**
   * A new one, after the server has refused `refused`; undefined where asking again gives nothing else (a password).
   * To be tried once.
   */
  renewed(refused: Credential, run: Run): Promise<Credential | undefined>;
}
