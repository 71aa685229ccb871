import { readFile } from 'node:fs/promises';
import { errnoFault } from '../../system/errno.ts';
import { trustedAuthorities } from '../../system/trusted-authorities.ts';
import type { ImapAccount } from './config.ts';
import type { ServerSettings } from './connection/settings.ts';

type Server = Pick<ImapAccount, 'host' | 'port' | 'security' | 'certificateAuthority' | 'certificateFingerprint'>;

/** How to reach the server of an account: the authorities of the system vouch for it, unless others are given. */
export const serverSettings = async (account: Server): Promise<ServerSettings> => {
  const { host, port, security, certificateAuthority, certificateFingerprint: fingerprint } = account;
  return {
    host,
    port,
    security,
    certificateAuthorities:
      certificateAuthority === undefined ? trustedAuthorities().join('\n') : await pemOf(certificateAuthority),
    ...(fingerprint === undefined ? {} : { fingerprint }),
  };
};

const pemOf = async (file: string): Promise<string> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw errnoFault(error, 'read the certificates in', file, { ENOENT: 'configuration', EACCES: 'configuration' });
  }
};
