import type { ReadSecret } from '../../contract/secret-source.ts';
import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { isFresh, type FetchToken } from './access-token.ts';
import type { OauthSetting } from './login-setting.ts';
import { oauthProvider } from './oauth-provider.ts';
import { askToken, refusalFault } from './token-endpoint.ts';
import { createTokenStore, type StoredTokens, type TokenStore } from './token-store.ts';

export interface LoginParts {
  readonly account: string;
  readonly stateDirectory: string;
  readonly readSecret: ReadSecret;
}

export const tokenStoreOf = (setting: OauthSetting, { account, stateDirectory }: LoginParts): TokenStore =>
  createTokenStore(stateDirectory, {
    account,
    clientId: setting.clientId,
    tokenEndpoint: oauthProvider(setting).tokenEndpoint,
  });

/** Fields with which the client says who it is. RFC 6749 section 2.3.1. */
export const clientFields = async (
  { clientId, clientSecret }: Pick<OauthSetting, 'clientId' | 'clientSecret'>,
  readSecret: ReadSecret,
  run: Run,
): Promise<Readonly<Record<string, string>>> => ({
  client_id: clientId,
  ...(clientSecret === undefined ? {} : { client_secret: (await readSecret(clientSecret, run)).reveal() }),
});

const loginAgain = (account: string): string => `Run \`mailkeep login ${account}\` and answer what the provider asks.`;

/** Access tokens from the refresh token that `mailkeep login` has left. RFC 6749 section 6. */
export const refreshedToken = (setting: OauthSetting, parts: LoginParts): FetchToken => {
  const store = tokenStoreOf(setting, parts);
  const { account } = parts;
  const loadTokens = async (): Promise<StoredTokens> => {
    const tokens = await store.load();
    if (tokens !== undefined) return tokens;
    throw new Fault('credentials-refused', `nobody has logged in to ${account} yet`, { hint: loginAgain(account) });
  };
  return async (renew, run) => {
    const { access: before } = await loadTokens();
    if (!renew && before !== undefined && isFresh(before, run.now())) return before;
    return store.alone(run, async () => {
      const { access, refreshToken } = await loadTokens();
      // Another process may have renewed it while this one waited.
      const isNew = access !== undefined && access.token.reveal() !== before?.token.reveal();
      if (isNew && isFresh(access, run.now())) return access;
      const { tokenEndpoint: url } = oauthProvider(setting);
      const client = await clientFields(setting, parts.readSecret, run);
      const answer = await askToken(
        { url, certificateAuthority: setting.certificateAuthority },
        { grant_type: 'refresh_token', refresh_token: refreshToken.reveal(), ...client },
        run,
      );
      if ('refusal' in answer) throw refusalFault(answer.refusal, url, loginAgain(account));
      const { grant } = answer;
      // The old refresh token may be worth nothing from here on: the new one must not get lost.
      await store.save({ refreshToken: grant.refreshToken ?? refreshToken, access: grant });
      return grant;
    });
  };
};
