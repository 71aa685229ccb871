import type { Machine } from '../contract/machine.ts';
import { lastName, parentOf } from './path.ts';

/** What certbot keeps beside `live`: without them links lead nowhere, and nothing is renewed. */
export const treeParts = ['accounts', 'archive', 'live', 'renewal'];

/**
 * The tree of certbot that a certificate or its folder belongs to, and otherwise the folder of the file: `/etc/letsencrypt` for
 * `/etc/letsencrypt/live/mail.example.com/privkey.pem`.
 */
export const certificateTree = (path: string): string => {
  const [tree] = path.split(/\/(?:live|archive)(?:\/|$)/);
  return tree === path || tree === undefined || tree === '' ? path : tree;
};

/** What of certbot's tree there is at the top of a folder; undefined when it is none. */
export const partsOfTree = async (machine: Machine, path: string): Promise<readonly string[] | undefined> => {
  const names = await machine.namesIn(path);
  return names?.includes('live') === true ? treeParts.filter((part) => names.includes(part)) : undefined;
};

/** Whether a folder is only the `live` of a tree, the links without what they lead to. */
export const isLiveAlone = (path: string): boolean => lastName(path) === 'live' || lastName(parentOf(path)) === 'live';
