import type { MxRecord, SrvRecord } from 'node:dns';
import type { Run } from '../../../contract/run.ts';
import { throwIfInterrupted } from '../../../contract/run.ts';
import { type Preset, presetOfDomain, presetOfExchanger } from './preset.ts';
import { serverOfAutoconfig } from './autoconfig.ts';
import type { FoundServer } from './found-server.ts';

/** Where to look; every failure of these is "nothing there". */
export interface Discovery {
  resolveMx(domain: string): Promise<readonly MxRecord[]>;
  resolveSrv(name: string): Promise<readonly SrvRecord[]>;
  /** The text at an https address; undefined when there is none. */
  fetch(url: string, run: Run): Promise<string | undefined>;
}

const domainName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/i;

/**
 * Finds the IMAP server of an address: by the provider's own domains, its mail exchangers, SRV records (RFC 6186), and
 * Thunderbird's autoconfiguration. Undefined where nothing is found. What DNS says is not proven: it is for a person to
 * confirm, and the certificate of the server has to be for this very name.
 */
export const findServer = async (address: string, discovery: Discovery, run: Run): Promise<FoundServer | undefined> => {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  if (!domainName.test(domain)) return undefined;
  const known = presetOfDomain(domain);
  if (known !== undefined) return ofPreset(known, address);
  const hosted = await byExchanger(domain, discovery);
  throwIfInterrupted(run);
  if (hosted !== undefined) return ofPreset(hosted, address);
  return (await bySrv(domain, address, discovery)) ?? byAutoconfig(domain, address, discovery, run);
};

export const ofPreset = (preset: Preset, address: string): FoundServer => ({
  host: preset.host,
  port: 993,
  security: 'tls',
  user: address,
  source: 'preset',
  preset,
});

const orNone = async <Item>(answer: Promise<readonly Item[]>): Promise<readonly Item[]> => {
  try {
    return await answer;
  } catch {
    // No such record, no such domain, no resolver: there is nothing to be found here.
    return [];
  }
};

const byExchanger = async (domain: string, { resolveMx }: Discovery): Promise<Preset | undefined> => {
  const exchangers = (await orNone(resolveMx(domain))).toSorted((a, b) => a.priority - b.priority);
  return exchangers[0] === undefined ? undefined : presetOfExchanger(exchangers[0].exchange);
};

const bySrv = async (domain: string, user: string, { resolveSrv }: Discovery): Promise<FoundServer | undefined> => {
  const ways = [
    ['_imaps._tcp', 'tls'],
    ['_imap._tcp', 'starttls'],
  ] as const;
  for (const [service, security] of ways) {
    const records = await orNone(resolveSrv(`${service}.${domain}`));
    // Lowest priority, then highest weight. A target "." says that there is no such service.
    const [best] = records.toSorted((a, b) => a.priority - b.priority || b.weight - a.weight);
    const host = best?.name.replace(/\.$/, '') ?? '';
    if (best !== undefined && domainName.test(host)) return { host, port: best.port, security, user, source: 'srv' };
  }
  return undefined;
};

const byAutoconfig = async (
  domain: string,
  address: string,
  { fetch }: Discovery,
  run: Run,
): Promise<FoundServer | undefined> => {
  const asked = encodeURIComponent(address);
  const places = [
    `https://autoconfig.${domain}/mail/config-v1.1.xml?emailaddress=${asked}`,
    `https://${domain}/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=${asked}`,
    // Thunderbird's own list of providers is told the domain only.
    `https://autoconfig.thunderbird.net/v1.1/${domain}`,
  ];
  for (const place of places) {
    const text = await fetch(place, run);
    throwIfInterrupted(run);
    const server = text === undefined ? undefined : serverOfAutoconfig(text, address);
    if (server !== undefined) return { ...server, source: 'autoconfig' };
  }
  return undefined;
};
