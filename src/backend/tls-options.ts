import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { TlsSettings } from '../contract/storage-settings.ts';
import { Fault } from '../model/fault.ts';
import { trustedAuthorities } from '../system/trusted-authorities.ts';

/** What Node's TLS takes. */
export interface TlsOptions {
  /** One for all connections: the authorities of a system are many, and are parsed once. */
  readonly secureContext: SecureContext;
  readonly rejectUnauthorized: boolean;
}

/** The text of a file in PEM. Fault `configuration` when it cannot be read or holds no certificate. */
const readPem = async (path: string, from: string): Promise<string> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new Fault('configuration', `the file ${path} with certificates cannot be read`, {
      hint: `Check ${from}.`,
      cause: error,
    });
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new Fault('configuration', `the file ${path} holds no certificate`, {
    hint: 'It must be in PEM, with a line BEGIN CERTIFICATE.',
  });
};

/** Whom to trust, the system's authorities where no file is given, and our own certificate. Fault `configuration` when a file is not what it should be. */
export const tlsOptions = async (settings: TlsSettings): Promise<TlsOptions> => {
  const { certificates, clientCertificate, insecure } = settings;
  const own =
    clientCertificate === undefined
      ? undefined
      : await readPem(clientCertificate, '--tls-client-cert or RESTIC_TLS_CLIENT_CERT');
  const ca =
    certificates === undefined ? trustedAuthorities() : await readPem(certificates, '--cacert or RESTIC_CACERT');
  return {
    rejectUnauthorized: !insecure,
    secureContext: createSecureContext({ ca, ...(own === undefined ? {} : { cert: own, key: own }) }),
  };
};
