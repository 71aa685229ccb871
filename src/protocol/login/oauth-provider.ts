import { Fault } from '../../model/fault.ts';
import type { OauthSetting } from './login-setting.ts';

/** Everything that a login in somebody's name needs to know of the provider. */
export interface OauthProvider {
  readonly tokenEndpoint: string;
  readonly authorizationEndpoint: string | undefined;
  readonly deviceEndpoint: string | undefined;
  readonly scope: string;
  readonly flow: 'browser' | 'device';
  /** Fields that the provider wants besides, so that it gives a refresh token. */
  readonly authorizationFields: Readonly<Record<string, string>>;
  /** The name under which the browser comes back to this machine. */
  readonly loopbackHost: '127.0.0.1' | 'localhost';
}

type Known = Omit<OauthProvider, 'scope'> & { readonly scopes: readonly string[] };

/** https://developers.google.com/identity/protocols/oauth2/native-app; no mail scope is given to devices. */
const google: Known = {
  tokenEndpoint: 'https://oauth2.googleapis.com/token',
  authorizationEndpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
  deviceEndpoint: undefined,
  scopes: ['https://mail.google.com/'],
  flow: 'browser',
  authorizationFields: { access_type: 'offline', prompt: 'consent' },
  loopbackHost: '127.0.0.1',
};

/** https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth */
const microsoft = (tenant: string): Known => {
  const base = `https://login.microsoftonline.com/${tenant}/oauth2/v2.0`;
  return {
    tokenEndpoint: `${base}/token`,
    authorizationEndpoint: `${base}/authorize`,
    deviceEndpoint: `${base}/devicecode`,
    scopes: ['https://outlook.office.com/IMAP.AccessAsUser.All', 'offline_access'],
    flow: 'device',
    authorizationFields: {},
    // Registrations for desktop programs name localhost; any port is accepted.
    loopbackHost: 'localhost',
  };
};

const custom: Known = {
  tokenEndpoint: '',
  authorizationEndpoint: undefined,
  deviceEndpoint: undefined,
  scopes: [],
  flow: 'browser',
  authorizationFields: {},
  loopbackHost: '127.0.0.1',
};

const knownOf = ({ provider, tenant }: OauthSetting): Known => {
  switch (provider) {
    case 'google':
      return google;
    case 'microsoft':
      return microsoft(tenant);
    case 'custom':
      return custom;
  }
};

/** What the configuration says, before what is known of the provider. */
export const oauthProvider = (setting: OauthSetting): OauthProvider => {
  const known = knownOf(setting);
  return {
    ...known,
    tokenEndpoint: setting.tokenEndpoint ?? known.tokenEndpoint,
    authorizationEndpoint: setting.authorizationEndpoint ?? known.authorizationEndpoint,
    deviceEndpoint: setting.deviceEndpoint ?? known.deviceEndpoint,
    scope: (setting.scopes ?? known.scopes).join(' '),
    flow: setting.flow ?? known.flow,
  };
};

/** An endpoint that the way of logging in needs. Fault `configuration` when nobody says where it is. */
export const needEndpoint = (url: string | undefined, name: 'authorizationEndpoint' | 'deviceEndpoint'): string => {
  if (url !== undefined) return url;
  throw new Fault('configuration', `the provider has no ${name} that is known`, {
    hint: `Give oauth.${name} in the configuration, or another flow.`,
  });
};
