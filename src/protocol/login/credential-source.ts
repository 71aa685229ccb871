import type { CredentialSource } from '../../contract/credential.ts';
import { bearerCredentials } from './access-token.ts';
import { clientCredentialsToken } from './client-credentials.ts';
import type { LoginSetting } from './login-setting.ts';
import { refreshedToken, type LoginParts } from './refreshed-token.ts';
import { serviceAccountToken } from './service-account.ts';

/** What an account's login gives, whatever its kind. */
export const credentialSource = (user: string, login: LoginSetting, parts: LoginParts): CredentialSource => {
  const { readSecret } = parts;
  switch (login.kind) {
    case 'password':
      return async (_refused, run) => ({ kind: 'password', user, password: await readSecret(login.value, run) });
    case 'oauth':
      return bearerCredentials(user, refreshedToken(login.value, parts));
    case 'serviceAccount':
      return bearerCredentials(user, serviceAccountToken(user, login.value, readSecret));
    case 'clientCredentials':
      return bearerCredentials(user, clientCredentialsToken(login.value, readSecret));
  }
};
