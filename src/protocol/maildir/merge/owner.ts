import type { Metadata } from '../../../model/entry.ts';
import type { AccountNames } from '../../../system/account-name.ts';
import type { Owner } from './living-tree.ts';

/**
 * Metadata with an owner that can read it here. The backup's own number counts where this machine has the same user under
 * it. Else what comes belongs to whom the folder belongs that it comes into; but in one of root's, which is no mailbox, it
 * keeps its numbers, since users of containers have no names outside.
 */
export const ownedAs = <Kind extends Metadata>(
  metadata: Kind,
  living: Owner | undefined,
  names: AccountNames,
): Kind => {
  const name = names.user(metadata.uid);
  const isKnown = name !== '' && (metadata.user === '' || metadata.user === name);
  if (isKnown || living === undefined || living.uid === 0) return metadata;
  return { ...metadata, uid: living.uid, gid: living.gid };
};
