import { getCACertificates } from 'node:tls';

/**
 * The certificate authorities, in PEM, that this machine trusts; those that Node brings where the system has no list, and
 * besides what NODE_EXTRA_CA_CERTS names.
 */
export const trustedAuthorities = (): readonly string[] => {
  const system = getCACertificates('system');
  return [...(system.length > 0 ? system : getCACertificates('bundled')), ...getCACertificates('extra')];
};
