import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { sleep } from '../../system/clock.ts';
import { type BrowserPrompt, loginWithBrowser } from './browser-login.ts';
import { type DeviceCode, type LoginRequest, loginWithDevice } from './device-login.ts';
import type { OauthSetting } from './login-setting.ts';
import { oauthProvider } from './oauth-provider.ts';
import { clientFields, type LoginParts, tokenStoreOf } from './refreshed-token.ts';

export interface LoginPrompt extends BrowserPrompt {
  showCode(code: DeviceCode): void;
}

/** Asks a person once to log in with their provider, and keeps what backups need from then on. */
export const loginPerson = async (
  setting: OauthSetting,
  parts: LoginParts,
  prompt: LoginPrompt,
  run: Run,
): Promise<void> => {
  const provider = oauthProvider(setting);
  const client = await clientFields(setting, parts.readSecret, run);
  const request: LoginRequest = { provider, client, certificateAuthority: setting.certificateAuthority, sleep };
  const grant =
    provider.flow === 'device'
      ? await loginWithDevice(request, (code) => prompt.showCode(code), run)
      : await loginWithBrowser(request, prompt, run);
  const { refreshToken } = grant;
  if (refreshToken === undefined) {
    throw new Fault('credentials-refused', 'the provider gave a token for this once, and none for the nights to come', {
      hint: 'Take away what was agreed to earlier in the settings of the account, or ask for offline_access in scopes; then log in again.',
    });
  }
  const store = tokenStoreOf(setting, parts);
  await store.alone(run, () => store.save({ refreshToken, access: grant }));
};
