import { readFile } from 'node:fs/promises';
import type { TlsSettings } from '../contract/storage-settings.ts';
import { Fault } from '../model/fault.ts';

/** What Node's TLS takes. */
export interface TlsOptions {
  readonly ca?: string;
  readonly rejectUnauthorized: boolean;
}

/** Reads the certificates that are to be trusted. Fault `configuration` when the file cannot be read or holds none. */
export const tlsOptions = async ({ certificates, insecure }: TlsSettings): Promise<TlsOptions> => {
  if (certificates === undefined) return { rejectUnauthorized: !insecure };
  let ca: string;
  try {
    ca = await readFile(certificates, 'utf8');
  } catch (error) {
    throw new Fault('configuration', `the file ${certificates} with the certificates to trust cannot be read`, {
      hint: 'Check --cacert or RESTIC_CACERT.',
      cause: error,
    });
  }
  if (ca.includes('-----BEGIN CERTIFICATE-----')) return { ca, rejectUnauthorized: !insecure };
  throw new Fault('configuration', `the file ${certificates} holds no certificate`, {
    hint: 'It must be in PEM, with a line BEGIN CERTIFICATE.',
  });
};
