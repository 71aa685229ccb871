import { z } from 'zod';
import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { callHttps } from './https-call.ts';
import { needEndpoint, type OauthProvider } from './oauth-provider.ts';
import { askToken, refusalFault, type TokenGrant } from './token-endpoint.ts';

/** What a person is told: open the page anywhere, and type the code. */
export interface DeviceCode {
  readonly page: string;
  readonly code: string;
  /** The page with the code in it, where the provider has one. */
  readonly pageWithCode: string | undefined;
}

export interface LoginRequest {
  readonly provider: OauthProvider;
  readonly client: Readonly<Record<string, string>>;
  readonly certificateAuthority: string | undefined;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

const deviceAnswer = z.object({
  device_code: z.string().min(1),
  user_code: z.string().min(1),
  // Google and older ones say verification_url.
  verification_uri: z.string().optional(),
  verification_url: z.string().optional(),
  verification_uri_complete: z.string().optional(),
  expires_in: z.coerce.number().positive().default(900),
  interval: z.coerce.number().positive().default(5),
});

const page = /^https?:\/\/[!-~]+$/;

/** Asks for a code, shows it, and waits until somebody has typed it: RFC 8628. */
export const loginWithDevice = async (
  { provider, client, certificateAuthority, sleep }: LoginRequest,
  show: (code: DeviceCode) => void,
  run: Run,
): Promise<TokenGrant> => {
  const url = needEndpoint(provider.deviceEndpoint, 'deviceEndpoint');
  const begun = await callHttps({ url, form: { ...client, scope: provider.scope }, certificateAuthority }, run);
  const answer = deviceAnswer.safeParse(parsed(begun.body));
  const place = answer.data?.verification_uri ?? answer.data?.verification_url;
  if (begun.status !== 200 || !answer.success || place === undefined || !page.test(place)) {
    throw new Fault('credentials-refused', `${new URL(url).host} gives no code for a device (${begun.status})`, {
      hint: 'Look at the client id, and whether the registration may be used by devices ("public client flows").',
      context: { host: new URL(url).host, status: begun.status },
    });
  }
  const { device_code, user_code, verification_uri_complete: complete, expires_in, interval } = answer.data;
  const pageWithCode = complete !== undefined && page.test(complete) ? complete : undefined;
  show({ page: place, code: user_code.replace(/[^ -~]/g, ''), pageWithCode });
  const form = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code, ...client };
  const deadline = run.now() + BigInt(Math.ceil(expires_in)) * 1_000_000_000n;
  for (let wait = interval; run.now() < deadline;) {
    await sleep(wait * 1000, run.signal);
    const polled = await askToken({ url: provider.tokenEndpoint, certificateAuthority }, form, run);
    if ('grant' in polled) return polled.grant;
    const { error } = polled.refusal;
    if (error === 'slow_down') wait += 5;
    else if (error === 'access_denied') throw declined();
    else if (error === 'expired_token') break;
    else if (error !== 'authorization_pending')
      throw refusalFault(polled.refusal, provider.tokenEndpoint, 'Try again.');
  }
  throw new Fault('credentials-refused', 'the code was not typed in time', { hint: 'Run `mailkeep login` again.' });
};

export const declined = (): Fault =>
  new Fault('credentials-refused', 'the login was declined', { hint: 'Run `mailkeep login` again, and agree.' });

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};
