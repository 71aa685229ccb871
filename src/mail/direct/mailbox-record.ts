import type { ByteString } from '../../model/byte-string.ts';
import type { BlockDigests } from './block-digest.ts';
import { maildirFolder } from '../maildir-folder.ts';
import { isNumber32 } from './block-name.ts';
import type { NewHash } from './hash.ts';
import {
  bytesField,
  bytesFields,
  damaged,
  encodeJson,
  type Fields,
  numberField,
  parseFields,
  recordsField,
  textField,
  textsField,
} from './json-fields.ts';

/** A block of a folder as `mailbox.json` has it. */
export interface BlockRecord extends BlockDigests {
  /** UID >> 10. */
  readonly block: number;
}

/** What is known of a folder beside its messages: `mailbox.json`. */
export interface MailboxRecord {
  /** As the server has it: modified UTF-7, or UTF-8 under UTF8=ACCEPT, or whatever it is. */
  readonly name: ByteString;
  /** Undefined where the server has no hierarchy. */
  readonly delimiter: string | undefined;
  /** `\Sent` and the like (RFC 6154), sorted. */
  readonly specialUse: readonly string[];
  readonly subscribed: boolean;
  readonly uidValidity: number;
  readonly uidNext: number;
  /** Undefined where the server has no CONDSTORE, or none for this folder. */
  readonly highestModSeq: bigint | undefined;
  /** RFC 8474. */
  readonly mailboxId: string | undefined;
  /** Messages in the snapshot: the sum of the blocks. */
  readonly messages: number;
  /** In ascending order; none that is empty. */
  readonly blocks: readonly BlockRecord[];
}

/**
 * The same bytes for the same record. `maildir`, the folder's directory in a Maildir++, is for the script that travels in
 * the snapshot, which takes it as it stands.
 */
export const encodeMailboxRecord = (record: MailboxRecord, newHash: NewHash): Uint8Array =>
  encodeJson({
    ...bytesFields('name', record.name),
    maildir: maildirFolder(record.name, record.delimiter, newHash),
    ...(record.delimiter === undefined ? {} : { delimiter: record.delimiter }),
    ...(record.specialUse.length === 0 ? {} : { specialUse: [...record.specialUse].sort() }),
    subscribed: record.subscribed,
    uidValidity: record.uidValidity,
    uidNext: record.uidNext,
    ...(record.highestModSeq === undefined ? {} : { highestModSeq: String(record.highestModSeq) }),
    ...(record.mailboxId === undefined ? {} : { mailboxId: record.mailboxId }),
    messages: record.messages,
    blocks: record.blocks.map(({ block, count, uids, flags, stamps }) => ({ block, count, uids, flags, stamps })),
  });

/** Unknown fields are passed over. Fault `tree-damaged`. */
export const parseMailboxRecord = (bytes: Uint8Array): MailboxRecord => {
  const what = 'a mailbox.json';
  const fields = parseFields(bytes, what);
  const name = bytesField(fields, 'name');
  const uidValidity = numberField(fields, 'uidValidity');
  if (name === undefined || uidValidity === undefined || !isNumber32(uidValidity)) throw damaged(what);
  const modSeq = textField(fields, 'highestModSeq');
  const blocks = recordsField(fields, 'blocks').flatMap((block) => parseBlock(block) ?? []);
  return {
    name,
    delimiter: textField(fields, 'delimiter'),
    specialUse: textsField(fields, 'specialUse'),
    subscribed: fields['subscribed'] === true,
    uidValidity,
    uidNext: numberField(fields, 'uidNext') ?? 1,
    highestModSeq: modSeq !== undefined && /^\d{1,20}$/.test(modSeq) ? BigInt(modSeq) : undefined,
    mailboxId: textField(fields, 'mailboxId'),
    messages: numberField(fields, 'messages') ?? blocks.reduce((sum, { count }) => sum + count, 0),
    blocks: blocks.sort((left, right) => left.block - right.block),
  };
};

/** A block of which too little can be read is as good as unknown: it is looked at again. */
const parseBlock = (fields: Fields): BlockRecord | undefined => {
  const [block, count] = [numberField(fields, 'block'), numberField(fields, 'count')];
  const [uids, flags] = [textField(fields, 'uids'), textField(fields, 'flags')];
  if (block === undefined || count === undefined || uids === undefined || flags === undefined) return undefined;
  const stamps = textField(fields, 'stamps');
  return { block, count, uids, flags, ...(stamps === undefined ? {} : { stamps }) };
};
