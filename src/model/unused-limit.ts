import { parseBytes } from './size.ts';

/** How many unused bytes may stay rather than be repacked away. */
export type UnusedLimit =
  | { readonly kind: 'unlimited' }
  | { readonly kind: 'bytes'; readonly bytes: number }
  /** Of the whole repository as it will be, 0 to below 100. */
  | { readonly kind: 'percent'; readonly percent: number };

export const usualUnusedLimit: UnusedLimit = { kind: 'percent', percent: 5 };

/** `5%`, `1G`, `unlimited`. Undefined for anything else, and for 100 % and more. */
export const parseUnusedLimit = (given: string): UnusedLimit | undefined => {
  const text = given.trim();
  if (text === 'unlimited') return { kind: 'unlimited' };
  const percent = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text);
  if (percent !== null) {
    const value = Number(percent[1]);
    return value < 100 ? { kind: 'percent', percent: value } : undefined;
  }
  const bytes = parseBytes(text);
  return bytes === undefined ? undefined : { kind: 'bytes', bytes };
};
