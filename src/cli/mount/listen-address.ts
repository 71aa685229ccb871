import { isIPv4 } from 'node:net';
import { InvalidArgumentError } from 'commander';

export interface ListenAddress {
  /** An address or a name, without brackets. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, or a port alone. */
export const parseListen = (text: string): ListenAddress => {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]+)):)?(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new InvalidArgumentError('It must be an address and a port such as 127.0.0.1:8080 or [::1]:8080.');
  }
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port };
};

/** Whether only this machine can reach it. */
export const isLoopback = (host: string): boolean =>
  (isIPv4(host) && host.startsWith('127.')) || host === '::1' || host.toLowerCase() === 'localhost';
