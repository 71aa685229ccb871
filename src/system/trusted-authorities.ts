import { readFile } from 'node:fs/promises';
import { getCACertificates } from 'node:tls';
import { errnoFault } from './errno.ts';

/**
 * The certificate authorities, in PEM, that this machine trusts; those that Node brings where the system has no list, and
 * besides what NODE_EXTRA_CA_CERTS names.
 */
export const trustedAuthorities = (): string[] => {
  const system = getCACertificates('system');
  const usual = system.length > 0 ? system : getCACertificates('bundled');
  // A system's folder of certificates has each several times, as files and links, and each costs every connection time.
  return [...new Set([...usual, ...getCACertificates('extra')])];
};

/** Those of a PEM file in place of the system's, where one is given. Faults: `configuration` and those of the file system. */
export const authoritiesOf = async (file: string | undefined): Promise<string[]> => {
  if (file === undefined) return trustedAuthorities();
  try {
    return [await readFile(file, 'utf8')];
  } catch (error) {
    throw errnoFault(error, 'read the certificates in', file, { ENOENT: 'configuration', EACCES: 'configuration' });
  }
};

/** The codes of OpenSSL (X509_V_ERR_…) and of Node for a chain or a name that does not verify. */
const untrustedCodes =
  /^(?:CERT_|ERR_TLS_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|CRL_)/;

/** Whether a socket ended because the certificate of its server does not verify. `code`: of its error. */
export const isUntrusted = (code: string): boolean => untrustedCodes.test(code);
