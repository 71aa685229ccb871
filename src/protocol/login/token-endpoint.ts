import { z } from 'zod';
import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { Secret } from '../../model/secret.ts';
import type { AccessToken } from './access-token.ts';
import { callHttps } from './https-call.ts';

export interface TokenEndpoint {
  readonly url: string;
  readonly certificateAuthority?: string | undefined;
}

/** What a token endpoint gives: RFC 6749 section 5.1. */
export interface TokenGrant extends AccessToken {
  /** Absent where the one that was shown stays in use. */
  readonly refreshToken: Secret | undefined;
}

/** What it says instead: RFC 6749 section 5.2, RFC 8628 section 3.5. Both texts are the server's. */
export interface TokenRefusal {
  readonly error: string;
  readonly description: string;
}

const grantAnswer = z.object({
  access_token: z.string().min(1),
  expires_in: z.coerce.number().positive().default(3600),
  refresh_token: z.string().min(1).optional(),
});

const refusalAnswer = z.object({ error: z.string(), error_description: z.string().default('') });

const jsonOf = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

/** Asks for a token with the fields of a grant. Faults as `callHttps`; what the server refuses is an answer. */
export const askToken = async (
  { url, certificateAuthority }: TokenEndpoint,
  form: Readonly<Record<string, string>>,
  run: Run,
): Promise<{ readonly grant: TokenGrant } | { readonly refusal: TokenRefusal }> => {
  const before = run.now();
  const { status, body } = await callHttps({ url, form, certificateAuthority }, run);
  const value = jsonOf(body);
  const grant = status === 200 ? grantAnswer.safeParse(value) : undefined;
  if (grant?.success === true) {
    const { access_token, expires_in, refresh_token } = grant.data;
    return {
      grant: {
        token: new Secret(access_token),
        expiresAt: before + BigInt(Math.floor(expires_in)) * 1_000_000_000n,
        refreshToken: refresh_token === undefined ? undefined : new Secret(refresh_token),
      },
    };
  }
  const refusal = refusalAnswer.safeParse(value);
  if (refusal.success) {
    return { refusal: { error: refusal.data.error, description: readable(refusal.data.error_description) } };
  }
  throw new Fault('server-misbehaved', `${new URL(url).host} answers with no token and no reason (${status})`, {
    hint: 'Look at the tokenEndpoint in the configuration.',
    context: { host: new URL(url).host, status },
  });
};

/** Of a server's text the first line, printable and short: Microsoft adds lines of trace ids. */
const readable = (text: string): string =>
  (text.split(/[\r\n]/, 1)[0] ?? '').replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '').slice(0, 200);

/** What a refusal means to whoever runs a backup. `remedy` is what to do where the grant itself was not accepted. */
export const refusalFault = ({ error, description }: TokenRefusal, url: string, remedy: string): Fault => {
  const { host } = new URL(url);
  const said = description === '' ? error : `${error}: ${description}`;
  const context = { host, error };
  if (error === 'invalid_grant' || error === 'interaction_required' || error === 'consent_required') {
    return new Fault('credentials-refused', `${host} gives no token any more (${said})`, { hint: remedy, context });
  }
  if (error === 'invalid_client' || error === 'unauthorized_client') {
    return new Fault('credentials-refused', `${host} does not accept this client (${said})`, {
      hint: 'Look at the client id, its secret, and what the registration is allowed to do: docs/accounts.md.',
      context,
    });
  }
  if (error === 'temporarily_unavailable' || error === 'slow_down') {
    return new Fault('server-unavailable', `${host} gives no token now (${said})`, { retry: true, context });
  }
  return new Fault('credentials-refused', `${host} gives no token (${said})`, {
    hint: 'Look at the settings of this login: docs/accounts.md.',
    context,
  });
};
