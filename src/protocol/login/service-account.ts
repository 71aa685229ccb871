import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { z } from 'zod';
import type { ReadSecret } from '../../contract/secret-source.ts';
import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import type { AccessToken, FetchToken } from './access-token.ts';
import { endpointSetting } from './endpoint.ts';
import type { ServiceAccountSetting } from './login-setting.ts';
import { askToken, refusalFault } from './token-endpoint.ts';

const keyFile = z.object({
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
  token_uri: endpointSetting.default('https://oauth2.googleapis.com/token'),
});

interface ServiceAccountKey {
  readonly email: string;
  readonly key: KeyObject;
  readonly keyId: string | undefined;
  readonly tokenUri: string;
}

const loadKey = async (
  { key: source }: ServiceAccountSetting,
  readSecret: ReadSecret,
  run: Run,
): Promise<ServiceAccountKey> => {
  const secret = await readSecret(source, run);
  try {
    const { client_email, private_key, private_key_id, token_uri } = keyFile.parse(JSON.parse(secret.reveal()));
    return { email: client_email, key: createPrivateKey(private_key), keyId: private_key_id, tokenUri: token_uri };
  } catch {
    // What the parsers complain of may quote the key.
    throw new Fault('configuration', 'the key of the service account is not the JSON file that Google gives', {
      hint: 'Make a key of the type JSON in the Google Cloud console, and give that file.',
    });
  }
};

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A signed statement that the account acts for a user. RFC 7523, RFC 7515 (RS256). */
const assertion = (
  { email, key, keyId }: ServiceAccountKey,
  claims: { readonly subject: string; readonly scope: string; readonly audience: string },
  now: bigint,
): string => {
  const issued = Number(now / 1_000_000_000n);
  const head = { alg: 'RS256', typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) };
  const body = {
    iss: email,
    sub: claims.subject,
    scope: claims.scope,
    aud: claims.audience,
    iat: issued,
    exp: issued + 3600,
  };
  const text = `${encoded(head)}.${encoded(body)}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
};

/** A token with which the service account acts for `subject`. */
export const delegatedToken = async (
  setting: ServiceAccountSetting,
  { subject, scope }: { readonly subject: string; readonly scope: string },
  readSecret: ReadSecret,
  run: Run,
): Promise<AccessToken> => {
  const key = await loadKey(setting, readSecret, run);
  const url = setting.tokenEndpoint ?? key.tokenUri;
  const answer = await askToken(
    { url, certificateAuthority: setting.certificateAuthority },
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: assertion(key, { subject, scope, audience: url }, run.now()),
    },
    run,
  );
  if ('grant' in answer) return answer.grant;
  const { refusal } = answer;
  if (refusal.error === 'unauthorized_client' || refusal.error === 'access_denied') {
    throw new Fault('credentials-refused', `${key.email} may not act for ${subject} (${refusal.error})`, {
      hint: `In the admin console of Google Workspace, give the client id of the service account domain-wide delegation for the scope ${scope}.`,
      context: { user: subject, scope },
    });
  }
  throw refusalFault(
    refusal,
    url,
    `Look whether ${subject} exists, whether the key is still valid, and whether the clock of this machine is right.`,
  );
};

/** Tokens for one user's mail by a Google service account with domain-wide delegation. */
export const serviceAccountToken =
  (user: string, setting: ServiceAccountSetting, readSecret: ReadSecret): FetchToken =>
  (_renew, run) =>
    delegatedToken(setting, { subject: user, scope: setting.scopes.join(' ') }, readSecret, run);
