import { z } from 'zod';

/** Names of this machine itself. What is sent there leaves it never, so that it may go without TLS. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '[::1]' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);

const isSafe = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
};

/** A URL that tokens are asked from: https, or http to this machine itself. */
export const endpointSetting = z
  .string()
  .refine(isSafe, { error: 'must be a URL that begins with https:// and holds no password' });
