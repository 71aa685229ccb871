import { authoritiesOf } from '../../system/trusted-authorities.ts';
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
    certificateAuthorities: (await authoritiesOf(certificateAuthority)).join('\n'),
    ...(fingerprint === undefined ? {} : { fingerprint }),
  };
};
