import type { Credential, CredentialSource } from '../../contract/credential.ts';
import type { Run } from '../../contract/run.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import type { Secret } from '../../model/secret.ts';

export interface AccessToken {
  readonly token: Secret;
  readonly expiresAt: Nanoseconds;
}

/** Fetches a token; `renew`: the last one was refused, so that one that is kept somewhere will not do. */
export type FetchToken = (renew: boolean, run: Run) => Promise<AccessToken>;

const margin = 90_000_000_000n;

/** Whether a token can still be used for a while. */
export const isFresh = ({ expiresAt }: AccessToken, now: Nanoseconds): boolean => expiresAt - margin > now;

/** Keeps the last token in memory as long as it is fresh; callers at the same time share one request. */
export const bearerCredentials = (user: string, fetch: FetchToken): CredentialSource => {
  let last: AccessToken | undefined;
  let asking: Promise<AccessToken> | undefined;
  return async (refused, run): Promise<Credential> => {
    if (last === undefined || refused || !isFresh(last, run.now())) {
      asking ??= fetch(refused, run).finally(() => {
        asking = undefined;
      });
      last = await asking;
    }
    return { kind: 'bearer', user, token: last.token };
  };
};
