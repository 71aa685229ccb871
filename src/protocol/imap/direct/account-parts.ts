import { createHash } from 'node:crypto';
import type { ScannedFolder, ScannedMessage } from '../../../contract/account-scan.ts';
import type { Child } from '../../../contract/source.ts';
import type { NewHash } from '../../../mail/direct/hash.ts';
import { encodeMailboxRecord, type MailboxRecord } from '../../../mail/direct/mailbox-record.ts';
import { mailboxText } from '../../../mail/mailbox-name.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { FolderChange } from '../../../model/damage-brake.ts';
import { Fault } from '../../../model/fault.ts';
import { type CapturedMessage, freshMessage, keptMessage } from './captured-block.ts';
import type { BaseMessage, DirectBase } from './direct-base.ts';

export const newHash: NewHash = () => createHash('sha256');
const pageSize = 1024;

/** A scanned message with what the base has of it, under its UID or, in a new generation, under the provider's own id. */
export const capturedOf = (
  message: ScannedMessage,
  { known, byId }: { known: ReadonlyMap<number, BaseMessage>; byId: ReadonlyMap<string, BaseMessage> },
): CapturedMessage => {
  const before = known.get(message.uid);
  if (message.kind !== 'fresh') {
    if (before === undefined)
      throw new Fault('internal', `the scan knows message ${message.uid}, which the base has not`);
    return keptMessage(message, before);
  }
  if (message.isKnown) return freshMessage(message, before);
  const elsewhere = message.ids.emailId === undefined ? undefined : byId.get(message.ids.emailId);
  if (elsewhere === undefined) return freshMessage(message, undefined);
  return {
    ...keptMessage(message, elsewhere),
    ...message.ids,
    date: message.date,
    offsetMinutes: message.offsetMinutes,
  };
};

/** What a folder is called, and what its levels are parted by. */
export const nameOf = (
  folder: ScannedFolder,
  known: DirectBase,
): { name: ByteString; delimiter: string | undefined } => {
  if (folder.kind === 'same') return folder.record;
  if (folder.kind === 'listed') return folder.state;
  return { name: folder.name, delimiter: known.record(folder.name)?.delimiter };
};

/** A folder of whose messages none was looked at. */
export const changeOf = (name: ByteString, counts: Pick<FolderChange, 'before' | 'gone' | 'now'>): FolderChange => ({
  folder: mailboxText(name),
  ...counts,
  changedBodies: 0,
  uidValidityChanged: false,
});

export async function* pagesOf(children: readonly Child[]): AsyncGenerator<readonly Child[], void> {
  for (let at = 0; at < children.length; at += pageSize) yield children.slice(at, at + pageSize);
}

/** Whether a folder's record says what the base's does. */
export const isSameRecord = ({ encoded }: { readonly encoded: Uint8Array }, before: MailboxRecord): boolean =>
  Buffer.compare(encoded, encodeMailboxRecord(before, newHash)) === 0;
