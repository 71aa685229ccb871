import { isIP } from 'node:net';
import { createTransport, type SMTPTransportOptions } from 'nodemailer';
import type { Run } from '../../contract/run.ts';
import { terminalLine } from '../../mail/terminal-text.ts';
import { Fault, isFault } from '../../model/fault.ts';
import { authoritiesOf } from '../../system/trusted-authorities.ts';
import type { NotifierParts } from '../parts.ts';
import { orAborted, withPatience } from '../patience.ts';
import type { NotificationMail } from './notification-mail.ts';
import type { SmtpSetting } from './mail-setting.ts';

type Auth = NonNullable<SMTPTransportOptions['auth']>;
type Parts = Pick<NotifierParts, 'readSecret' | 'credentialsOf'> & { readonly patience: number };

/**
 * Gives a mail to an SMTP server. Faults as `Notifier`. What some of the recipients have is delivered, with a notice: sent again,
 * they would have it twice.
 */
export const sendBySmtp = async (
  mail: NotificationMail,
  setting: SmtpSetting,
  parts: Parts,
  run: Run,
): Promise<void> => {
  const { patience } = parts;
  const ca = await authoritiesOf(setting.certificateAuthority);
  await withPatience(setting.host, { patience, run }, async (signal) => {
    const send = async (refused: boolean): Promise<void> => {
      const auth = await orAborted(authOf(setting, parts, { refused, run: { ...run, signal } }), signal);
      const missed = await deliver(mail, { setting, ca, auth, patience }, signal);
      if (missed > 0) run.emit({ kind: 'notice', message: refusedRecipients(setting.host, missed) });
    };
    try {
      await send(false);
    } catch (error) {
      // A token may have been withdrawn before its time; one that is made anew is worth one more try.
      if (setting.login?.kind !== 'account' || !isFault(error, 'credentials-refused')) throw error;
      await send(true);
    }
  });
};

interface Delivery {
  readonly setting: SmtpSetting;
  readonly ca: readonly string[];
  readonly auth: Auth | undefined;
  readonly patience: number;
}

/** How many of the recipients were refused while others were taken; a fault when all were. */
const deliver = async (
  mail: NotificationMail,
  { setting, ca, auth, patience }: Delivery,
  signal: AbortSignal,
): Promise<number> => {
  const { host, port, security } = setting;
  const transport = createTransport({
    host,
    port,
    secure: security === 'tls',
    ...(security === 'starttls' ? { requireTLS: true } : {}),
    ...(security === 'none' ? { ignoreTLS: true } : {}),
    tls: { ca: [...ca], ...(isIP(host) === 0 ? { servername: host } : {}) },
    ...(auth === undefined ? {} : { auth }),
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    socketCloseTimeout: 0,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const { rejected } = await transport.sendMail({ ...mail, signal });
    return rejected.length;
  } catch (error) {
    throw smtpFault(error, host);
  } finally {
    transport.close();
  }
};

const authOf = async (
  { user, login }: SmtpSetting,
  { readSecret, credentialsOf }: Parts,
  { refused, run }: { readonly refused: boolean; readonly run: Run },
): Promise<Auth | undefined> => {
  if (login === undefined) return undefined;
  if (login.kind === 'password') return { user, pass: (await readSecret(login.value, run)).reveal() };
  const credential = await (await credentialsOf(login.value))(refused, run);
  return credential.kind === 'password'
    ? { user: credential.user, pass: credential.password.reveal() }
    : { type: 'OAuth2', user: credential.user, accessToken: credential.token.reveal() };
};

const refusedRecipients = (host: string, count: number): string =>
  `${host} does not take mail for ${count} of the recipients; the others have it. Look at the addresses of the notification.`;

const again = 'Look at the network of this machine, and whether the server works.';

const textMember = (error: unknown, name: string): string => {
  if (typeof error !== 'object' || error === null) return '';
  const value: unknown = Object.entries(error).find(([key]) => key === name)?.[1];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

/**
 * What nodemailer says, as a Fault. Its messages quote commands and what was answered to them; only the answer is passed on, and
 * none to a login.
 */
const smtpFault = (error: unknown, host: string): Fault => {
  if (error instanceof Fault) return error;
  const [code, original, status] = ['code', 'originalCode', 'responseCode'].map((name) => textMember(error, name));
  const context = { host, ...(status === '' ? {} : { status: Number(status) }) };
  if (code === 'EAUTH' || code === 'ENOAUTH' || code === 'EOAUTH2') {
    const hint = 'Look at user and password; many providers want an application password here.';
    return new Fault('credentials-refused', `${host} does not accept the login (${status || code})`, { hint, context });
  }
  const reason = `${original} ${error instanceof Error ? error.message : ''}`;
  if (/CERT_|SELF_SIGNED|self.signed|UNABLE_TO_|unable to verify|altname|certificate has expired/i.test(reason)) {
    const hint = 'Somebody may be in between. If the server is yours, give its certificateAuthority.';
    return new Fault('certificate-untrusted', `the certificate of ${host} does not verify`, { hint, context });
  }
  if (code === 'ETLS') {
    const hint = 'Look at security and port of the notification: tls is usually at 465, starttls at 587.';
    return new Fault('server-refused', `${host} offers no TLS there, and nothing goes without it`, { hint, context });
  }
  if (status !== '') {
    const answer = terminalLine(textMember(error, 'response')).slice(0, 200);
    const isPassing = status?.startsWith('4') === true;
    return new Fault('server-refused', `${host} does not take the mail: ${answer}`, { retry: isPassing, context });
  }
  const how = original || code || 'it broke off';
  return new Fault('server-unavailable', `${host} cannot be reached (${how})`, { retry: true, hint: again, context });
};
