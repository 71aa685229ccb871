import type { ReadSecret } from '../../contract/secret-source.ts';
import type { FetchToken } from './access-token.ts';
import type { ClientCredentialsSetting } from './login-setting.ts';
import { askToken, refusalFault } from './token-endpoint.ts';

/** Tokens of an application of its own right (Microsoft 365). RFC 6749 section 4.4. */
export const clientCredentialsToken =
  (setting: ClientCredentialsSetting, readSecret: ReadSecret): FetchToken =>
  async (_renew, run) => {
    const { tenant, clientId, clientSecret, scope, certificateAuthority } = setting;
    const url = setting.tokenEndpoint ?? `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`;
    const secret = await readSecret(clientSecret, run);
    const answer = await askToken(
      { url, certificateAuthority },
      { grant_type: 'client_credentials', client_id: clientId, client_secret: secret.reveal(), scope },
      run,
    );
    if ('grant' in answer) return answer.grant;
    throw refusalFault(answer.refusal, url, 'Look at the secret of the application: it may have expired.');
  };
