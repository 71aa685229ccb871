import { byteStringOfText } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import type { SnapshotDescription } from '../../model/snapshot.ts';
import { ownName } from '../../mail/direct/block-name.ts';
import type { ImapAccount } from '../../protocol/imap/config.ts';
import { processIdentity } from '../../system/identity.ts';
import type { CommandContext } from '../context.ts';
import { localZoned } from '../parse-time.ts';
import { pathOfText } from '../snapshot-options.ts';

/**
 * What the snapshots of an account are of: of one that is captured directly its name, whatever server it is on today; of one
 * that is mirrored the folder of the mirror.
 */
export const accountDescription = (
  { name, store }: Pick<ImapAccount, 'name' | 'store'>,
  { environment, run }: CommandContext,
): SnapshotDescription => {
  const { pid: _pid, ...identity } = processIdentity();
  return {
    ...identity,
    hostname: environment.host ?? identity.hostname,
    time: localZoned(run.now()),
    paths: [byteStringOfText(store.kind === 'direct' ? `/imap/${name}` : store.folder)],
    excludes: [],
    tags: [],
  };
};

/** Where in its snapshots the ledger of an account lies. */
export const ledgerFolderOf = ({ store }: Pick<ImapAccount, 'store'>): Path =>
  store.kind === 'direct' ? [ownName] : [...pathOfText(store.folder), byteStringOfText('mailkeep')];
