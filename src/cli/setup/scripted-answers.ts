import { resolve } from 'node:path';
import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { type Discovery, findServer, ofPreset } from '../../protocol/imap/discovery/find-server.ts';
import type { FoundServer } from '../../protocol/imap/discovery/found-server.ts';
import { presetNamed } from '../../protocol/imap/discovery/preset.ts';
import { type AccountAnswers, type LoginAnswer, proposedName } from './answers.ts';
import type { SetupOptions } from './setup-options.ts';

const addressForm = /^[^\s@/]+@[^\s@/]+$/;

/** The answers that the options give. Faults `usage` for what is missing, and `configuration` where no server is found. */
export const scriptedAnswers = async (
  options: SetupOptions,
  taken: readonly string[],
  discovery: Discovery,
  run: Run,
): Promise<AccountAnswers> => {
  const address = options.account ?? '';
  if (!addressForm.test(address)) {
    throw new Fault('usage', `${address} is no mail address`, {
      hint: 'Give --account alice@example.com, and with --user the name of the login where it is another.',
    });
  }
  const server = await serverOf(address, options, discovery, run);
  const security = options.security ?? server.security;
  return {
    name: options.accountName ?? proposedName(address, taken),
    host: server.host,
    port: options.port ?? (options.security === undefined ? server.port : security === 'tls' ? 993 : 143),
    security,
    user: options.user ?? server.user,
    login: loginOf(options, server),
    certificateAuthority:
      options.certificateAuthority === undefined ? undefined : resolve(options.certificateAuthority),
    certificateFingerprint: options.certificateFingerprint,
    connections: server.preset?.connections,
    exclude: options.excludeFolder ?? [],
    mirror: options.mirror === undefined ? undefined : resolve(options.mirror),
  };
};

const serverOf = async (
  address: string,
  { host, provider, port, security = 'tls' }: SetupOptions,
  discovery: Discovery,
  run: Run,
): Promise<Omit<FoundServer, 'source'>> => {
  if (host !== undefined)
    return { host, port: port ?? (security === 'tls' ? 993 : 143), security: 'tls', user: address };
  const preset = provider === undefined ? undefined : presetNamed(provider);
  const found = preset === undefined ? await findServer(address, discovery, run) : ofPreset(preset, address);
  if (found !== undefined) return found;
  throw new Fault('configuration', `no IMAP server of ${address} was found`, {
    hint: 'Give it with --host; neither DNS nor autoconfiguration tells it.',
  });
};

const loginOf = (options: SetupOptions, { preset }: Omit<FoundServer, 'source'>): LoginAnswer => {
  const { loginPasswordFile, loginPasswordCommand, loginPasswordEnvironment, loginKeyring, oauthClientId } = options;
  if (oauthClientId !== undefined) return oauthLogin(oauthClientId, options.oauthClientSecretFile, preset?.id);
  const given: readonly Readonly<Record<string, unknown>>[] = [
    ...(loginPasswordFile === undefined ? [] : [{ file: resolve(loginPasswordFile) }]),
    ...(loginPasswordCommand === undefined ? [] : [{ command: loginPasswordCommand }]),
    ...(loginPasswordEnvironment === undefined ? [] : [{ environment: loginPasswordEnvironment }]),
    ...(loginKeyring === undefined ? [] : [{ keyring: { account: loginKeyring } }]),
  ];
  const [password] = given;
  if (password !== undefined && given.length === 1) return { password };
  throw new Fault('usage', given.length === 0 ? 'nothing says how to log in' : 'several things say how to log in', {
    hint: 'Give one of --login-password-file, --login-password-command, --login-password-environment, --login-keyring, --oauth-client-id.',
  });
};

export const oauthLogin = (
  clientId: string,
  secretFile: string | undefined,
  preset: string | undefined,
): LoginAnswer => {
  const provider = preset === 'gmail' ? 'google' : preset === 'microsoft365' ? 'microsoft' : undefined;
  if (provider === undefined) {
    throw new Fault('usage', 'OAuth is set up here only for Gmail and Microsoft 365', {
      hint: 'For other providers write the endpoints into the configuration: docs/accounts.md.',
    });
  }
  const clientSecret = secretFile === undefined ? {} : { clientSecret: { file: resolve(secretFile) } };
  return { oauth: { provider, clientId, ...clientSecret } };
};
