import { InvalidArgumentError } from 'commander';
import type { Nanoseconds } from '../model/entry.ts';

const pattern = /^(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})min)?$/;

/** `26h`, `2d`, `1d12h`, `90min`. */
export const parseAge = (text: string): Nanoseconds => {
  const match = pattern.exec(text);
  if (match === null || text === '') throw new InvalidArgumentError('It must be a time such as 26h, 2d or 90min.');
  const [days = '0', hours = '0', minutes = '0'] = match.slice(1);
  return ((BigInt(days) * 24n + BigInt(hours)) * 60n + BigInt(minutes)) * 60_000_000_000n;
};
