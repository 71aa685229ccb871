import type { Credential } from '../../../contract/credential.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { reading, stringArgument, type Access, type Command } from '../wire/command.ts';
import { byteStringOfText } from '../../../model/byte-string.ts';
import type { Connection, Sink } from './connection.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Logs in by the best way that the server offers. Fault `credentials-refused` when it says no. */
export const authenticate = async (connection: Connection<Access>, credentials: Credential): Promise<void> => {
  const secret = (credentials.kind === 'password' ? credentials.password : credentials.token).reveal();
  if (!connection.secure && connection.settings.security !== 'none') {
    throw new Fault('internal', 'a password must not go over a connection without TLS');
  }
  connection.secrets = [secret, base64(secret), base64(`\0${credentials.user}\0${secret}`)];
  // Some servers tell what they can do only with the answer, others only when asked after it.
  connection.capabilities =
    credentials.kind === 'bearer' ? await bearer(connection, credentials) : await password(connection, credentials);
};

type Login = Promise<ReadonlySet<string>>;

const password = async (
  connection: Connection<Access>,
  { user, password: given }: Extract<Credential, { kind: 'password' }>,
): Login => {
  const secret = given.reveal();
  if (connection.offers('AUTH=PLAIN')) {
    return sasl(connection, 'PLAIN', base64(`\0${user}\0${secret}`));
  }
  if (connection.offers('LOGINDISABLED')) {
    throw new Fault('unsupported', 'the mail server offers no way to log in with a password that Mailkeep knows', {
      hint: 'Use TLS (port 993) or STARTTLS, or OAuth where the provider wants it.',
      context: { host: connection.settings.host },
    });
  }
  const command = reading(
    'LOGIN',
    'LOGIN ',
    stringArgument(byteStringOfText(user)),
    ' ',
    stringArgument(byteStringOfText(secret)),
  );
  return login(connection, command);
};

const bearer = async (
  connection: Connection<Access>,
  { user, token }: Extract<Credential, { kind: 'bearer' }>,
): Login => {
  const { host, port } = connection.settings;
  if (connection.offers('AUTH=OAUTHBEARER')) {
    const message = `n,a=${user.replace(/=/g, '=3D').replace(/,/g, '=2C')},\x01host=${host}\x01port=${port}\x01auth=Bearer ${token.reveal()}\x01\x01`;
    return sasl(connection, 'OAUTHBEARER', base64(message), 'AQ==');
  }
  if (connection.offers('AUTH=XOAUTH2')) {
    return sasl(connection, 'XOAUTH2', base64(`user=${user}\x01auth=Bearer ${token.reveal()}\x01\x01`), '');
  }
  throw new Fault('unsupported', 'the mail server does not take OAuth tokens (neither OAUTHBEARER nor XOAUTH2)', {
    hint: 'Use a password for this account.',
    context: { host },
  });
};

/**
 * RFC 4959 where offered: the answer goes along with the question. `afterError`: what to say when the server tells in a
 * challenge why it refuses (RFC 7628 section 3.2.3, and Google's own form).
 */
const sasl = (connection: Connection<Access>, mechanism: string, response: string, afterError = '*'): Login => {
  const initial = connection.offers('SASL-IR');
  let answered = initial;
  const challenge = (): string => {
    if (answered) return afterError;
    answered = true;
    return response;
  };
  connection.secrets = [...connection.secrets, response];
  return login(connection, reading('AUTHENTICATE', `AUTHENTICATE ${mechanism}${initial ? ` ${response}` : ''}`), {
    challenge,
  });
};

const login = async (connection: Connection<Access>, command: Command<'reading'>, sink: Sink = {}): Login => {
  let told: ReadonlySet<string> | undefined;
  const status = await connection.attempt(command, {
    ...sink,
    response: (response) => {
      if (response.kind === 'capability') told = new Set(response.names);
    },
  });
  if (status.condition !== 'OK') throw connection.refusal(status, command.title, 'login');
  if (status.code?.name === 'CAPABILITY') return connection.capabilities;
  if (told !== undefined) return told;
  await connection.request(reading('CAPABILITY', 'CAPABILITY'));
  return connection.capabilities;
};

/** Whether other credentials may be taken: a token that has just expired. */
export const mayRefresh = (thrown: unknown, credentials: Credential): boolean =>
  credentials.kind === 'bearer' && isFault(thrown, 'credentials-refused');
