import type { FoundServer } from './found-server.ts';

const serverElement = /<incomingServer\s[^>]*type\s*=\s*["']imap["'][^>]*>([\s\S]*?)<\/incomingServer>/gi;

const field = (element: string, name: string): string | undefined =>
  new RegExp(`<${name}>\\s*([^<]{1,255}?)\\s*</${name}>`, 'i').exec(element)?.[1];

const hostName = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i;

/**
 * The first IMAP server with TLS in Thunderbird's configuration file
 * (https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat); undefined where there is none.
 */
export const serverOfAutoconfig = (xml: string, address: string): Omit<FoundServer, 'source'> | undefined => {
  const text = xml.replace(/<!--[\s\S]*?-->/g, '');
  for (const [, element = ''] of text.matchAll(serverElement)) {
    const host = replaced(field(element, 'hostname') ?? '', address);
    const port = Number(field(element, 'port'));
    const socket = field(element, 'socketType')?.toUpperCase();
    const security = socket === 'SSL' ? 'tls' : socket === 'STARTTLS' ? 'starttls' : undefined;
    if (security === undefined || !hostName.test(host) || !Number.isInteger(port) || port < 1 || port > 65_535)
      continue;
    const user = replaced(field(element, 'username') ?? '%EMAILADDRESS%', address);
    if (/[\x00-\x20]/.test(user)) continue;
    return { host, port, security, user };
  }
  return undefined;
};

const replaced = (text: string, address: string): string => {
  const at = address.lastIndexOf('@');
  return text
    .replaceAll('%EMAILADDRESS%', address)
    .replaceAll('%EMAILLOCALPART%', address.slice(0, at))
    .replaceAll('%EMAILDOMAIN%', address.slice(at + 1));
};
