import type { CredentialSource } from '../../../contract/credential.ts';
import type { Run } from '../../../contract/run.ts';
import { isFault, Fault } from '../../../model/fault.ts';
import type { Access, LiteralForm } from '../wire/command.ts';
import { misbehaved } from '../wire/limits.ts';
import { capability, compress, enable, identify, logout, startTls } from '../wire/reading-commands.ts';
import { authenticate, mayRefresh } from './authenticate.ts';
import { Connection } from './connection.ts';
import type { ServerSettings } from './settings.ts';
import { ungreeted } from './socket-fault.ts';
import { openTransport } from './transport.ts';

/** What was agreed with the server for this connection, beyond what it offers. */
export interface Session<Allowed extends Access> {
  readonly connection: Connection<Allowed>;
  /** RFC 7162: answers hold MODSEQ, and folders tell their highest. */
  readonly condstore: boolean;
  readonly qresync: boolean;
  /** RFC 6855: names are UTF-8. */
  readonly utf8: boolean;
}

/** Connects, secures, logs in, and settles what both sides can do. A refused token is fetched anew once. */
export const openSession = async <Allowed extends Access>(
  settings: ServerSettings,
  { credentials, access, run }: { credentials: CredentialSource; access: Allowed; run: Run },
): Promise<Session<Allowed>> => {
  for (let refused = false; ; refused = true) {
    const given = await credentials(refused, run);
    const connection = await greeted(settings, access, run.signal);
    try {
      if (!connection.preAuthenticated) await authenticate(connection.connection, given);
      return await agreed(connection.connection);
    } catch (error) {
      connection.connection.end(error instanceof Error ? error : new Error(String(error)));
      if (refused || !mayRefresh(error, given)) throw error;
    }
  }
};

/** Servers greet at once, or after they have looked up who comes; one that waits for TLS never does. */
const longestGreeting = 60_000;

const greeted = async <Allowed extends Access>(
  settings: ServerSettings,
  access: Allowed,
  signal: AbortSignal,
): Promise<{ connection: Connection<Allowed>; preAuthenticated: boolean }> => {
  const transport = await openTransport(settings, signal);
  const connection = new Connection(transport, settings, access, signal);
  const milliseconds = Math.min(settings.silenceMilliseconds ?? longestGreeting, longestGreeting);
  const timer = setTimeout(() => connection.end(ungreeted(settings, milliseconds / 1000)), milliseconds);
  try {
    const greeting = connection.greeting();
    connection.listen();
    const response = await greeting;
    clearTimeout(timer);
    if (response.kind !== 'condition') throw misbehaved('it does not greet');
    if (response.condition !== 'OK' && response.condition !== 'PREAUTH') {
      throw connection.refusal(response, 'the greeting', 'greeting');
    }
    const preAuthenticated = response.condition === 'PREAUTH';
    if (settings.security === 'starttls') await secure(connection, preAuthenticated);
    else if (connection.capabilities.size === 0) await connection.request(capability());
    return { connection, preAuthenticated };
  } catch (error) {
    connection.end(error instanceof Error ? error : new Error(String(error)));
    throw error;
  } finally {
    clearTimeout(timer);
  }
};

/** What was told in the clear counts for nothing: all is asked again under TLS. */
const secure = async <Allowed extends Access>(
  connection: Connection<Allowed>,
  preAuthenticated: boolean,
): Promise<void> => {
  const { host, port } = connection.settings;
  if (preAuthenticated) throw misbehaved('it logs in whoever connects, so that TLS cannot begin');
  const status = await connection.attempt(startTls());
  if (status.condition !== 'OK') {
    throw new Fault('unsupported', `${host}:${port} does not take STARTTLS, so no password is sent`, {
      hint: 'Use TLS from the start (port 993).',
      context: { host, port },
    });
  }
  await connection.startTls();
  connection.capabilities = new Set();
  await connection.request(capability());
};

const agreed = async <Allowed extends Access>(connection: Connection<Allowed>): Promise<Session<Allowed>> => {
  if (connection.settings.compress !== false && connection.offers('COMPRESS=DEFLATE')) {
    const status = await connection.attempt(compress());
    if (status.condition === 'OK') connection.deflate();
  }
  connection.literals = literalForm(connection);
  const wanted = ['CONDSTORE', 'QRESYNC', 'UTF8=ACCEPT'].filter((name) => connection.offers(name));
  const enabled = new Set<string>();
  const mayEnable = wanted.length > 0 && connection.offers('ENABLE');
  // Both at once: a round trip each is what a night without news is made of.
  await Promise.all([
    connection.offers('ID') ? connection.attempt(identify()) : undefined,
    mayEnable
      ? connection.attempt(enable(wanted), {
          response: (response) => {
            if (response.kind === 'enabled') for (const name of response.names) enabled.add(name);
          },
        })
      : undefined,
  ]);
  return {
    connection,
    condstore: connection.offers('CONDSTORE') || enabled.has('QRESYNC') || enabled.has('CONDSTORE'),
    qresync: enabled.has('QRESYNC'),
    utf8: enabled.has('UTF8=ACCEPT'),
  };
};

const literalForm = <Allowed extends Access>(connection: Connection<Allowed>): LiteralForm =>
  connection.offers('LITERAL+') ? 'never-waits' : connection.offers('LITERAL-') ? 'up-to-4096' : 'synchronizing';

/** Says good-bye, and does not mind when the server is gone already. */
export const closeSession = async <Allowed extends Access>({ connection }: Session<Allowed>): Promise<void> => {
  try {
    await connection.attempt(logout());
  } catch (error) {
    if (!isFault(error)) throw error;
  } finally {
    connection.end(new Fault('interrupted', 'the connection was closed'));
  }
};
