import type { ScannedBlock } from '../../../contract/account-scan.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import { encodeMailboxRecord, type MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import type { ListedFolder } from './apply-folder.ts';
import type { KnownFolder } from './mirror-base.ts';

/**
 * A folder that the scan has looked into, or undefined where nothing in it turns out to be other than the mirror has it: then
 * nothing is written, as of a folder that was not looked into. Most of those that are looked into each night for safety's
 * sake are such.
 */
export const newsOf = async (
  scanned: ListedFolder,
  { record, files, trusted }: KnownFolder,
  newHash: NewHash,
): Promise<ListedFolder | undefined> => {
  const isTidy = trusted && files.stale.length === 0 && files.damaged.size === 0;
  const isAgreed = scanned.differences.length === 0 && scanned.onServer === record.messages;
  if (!isTidy || !isAgreed || !isSameState(scanned, record, newHash)) return scanned;
  const same: ScannedBlock[] = [];
  const blocks = scanned.blocks[Symbol.asyncIterator]();
  for (let next = await blocks.next(); next.done !== true; next = await blocks.next()) {
    same.push(next.value);
    if (next.value.kind !== 'same') return { ...scanned, blocks: joined(same, blocks) };
  }
  return same.length === record.blocks.length ? undefined : { ...scanned, blocks: joined(same, blocks) };
};

const isSameState = ({ state }: ListedFolder, record: MailboxRecord, newHash: NewHash): boolean =>
  Buffer.compare(encodeMailboxRecord({ ...record, ...state }, newHash), encodeMailboxRecord(record, newHash)) === 0;

async function* joined(
  first: readonly ScannedBlock[],
  rest: AsyncIterator<ScannedBlock>,
): AsyncGenerator<ScannedBlock, void> {
  try {
    yield* first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
