import type { ByteString } from '../../model/byte-string.ts';
import type { BrakeReason } from '../../model/damage-brake.ts';
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
} from './json-fields.ts';

/**
 * Why a message is on one side only. `missing`: the server has it and the snapshot does not. `carried`: the snapshot has
 * it from an earlier one, as it could not be looked at. `different`: it is there, but not as the server announced it.
 */
export type LedgerKind = 'missing' | 'carried' | 'different';

export interface LedgerDifference {
  /** Undefined: of several messages, or of the folder as a whole. */
  readonly uid?: number;
  /** Of several: their UIDs, `1:60,70`. */
  readonly uids?: string;
  /** How many, where `uids` has only the first of them. */
  readonly count?: number;
  readonly kind: LedgerKind;
  /** A sentence, or the code of a fault; empty: unexplained, which is an error. */
  readonly reason: string;
}

/** UIDs, ascending, as IMAP writes a set of them (RFC 9051 section 9): `1:60,70`. */
export const uidRanges = (uids: Iterable<number>): string => {
  const ranges: { first: number; last: number }[] = [];
  for (const uid of uids) {
    const range = ranges.at(-1);
    if (range !== undefined && uid === range.last + 1) range.last = uid;
    else ranges.push({ first: uid, last: uid });
  }
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}:${last}`)).join(',');
};

/** So many messages of one difference are named. */
const namedMessages = 100;

/** One difference of many messages, of which the first are named. UIDs ascending, at least one. */
export const differenceOf = (
  uids: readonly number[],
  { kind, reason }: Pick<LedgerDifference, 'kind' | 'reason'>,
): LedgerDifference => {
  const named = uidRanges(uids.slice(0, namedMessages));
  return { uids: named, ...(uids.length > namedMessages ? { count: uids.length } : {}), kind, reason };
};

/** UIDs of a difference for people. */
export const uidText = ({ uid, uids, count }: LedgerDifference): string | number | undefined =>
  count === undefined ? (uids ?? uid) : `${uids ?? ''},… (${count})`;

const countOfRanges = (uids: string): number =>
  uids.split(',').reduce((sum, range) => {
    const [first = 0, last = first] = range.split(':').map(Number);
    return sum + (last >= first ? last - first + 1 : 0);
  }, 0);

/** How many messages a difference is about; 0: the folder as a whole. */
const messagesIn = ({ uid, uids, count }: LedgerDifference): number =>
  count ?? (uids === undefined ? (uid === undefined ? 0 : 1) : countOfRanges(uids));

export interface FolderLedger {
  /** Raw, as in `mailbox.json`. */
  readonly name: ByteString;
  readonly uidValidity: number;
  /** As the server counted at the end; undefined when it could not be asked. */
  readonly onServer: number | undefined;
  readonly inSnapshot: number;
  readonly differences: readonly LedgerDifference[];
}

/** The completeness ledger of one run: `.mailkeep/ledger.json`. */
export interface Ledger {
  readonly folders: readonly FolderLedger[];
  /** Why the snapshot looks like damage; none: it does not, or a person has said that it is none. */
  readonly brake: readonly BrakeReason[];
}

export const encodeLedger = ({ folders, brake }: Ledger): Uint8Array =>
  encodeJson(
    {
      version: 1,
      folders: folders.map(({ name, uidValidity, onServer, inSnapshot, differences }) => ({
        ...bytesFields('name', name),
        uidValidity,
        onServer,
        inSnapshot,
        differences: differences.map(({ uid, uids, count, kind, reason }) => ({ uid, uids, count, kind, reason })),
      })),
      ...(brake.length === 0 ? {} : { brake }),
    },
    1,
  );

/** Unknown fields are passed over. Fault `tree-damaged`. */
export const parseLedger = (bytes: Uint8Array): Ledger => {
  const what = '.mailkeep/ledger.json';
  const fields = parseFields(bytes, what);
  return {
    folders: recordsField(fields, 'folders').map((folder) => parseFolder(folder, what)),
    brake: recordsField(fields, 'brake').flatMap((reason) => parseReason(reason) ?? []),
  };
};

/** A kind of reason that a later version knows is passed over: that the brake holds is what the tag of the snapshot says. */
const parseReason = (fields: Fields): BrakeReason | undefined => {
  const number = (name: string): number => numberField(fields, name) ?? 0;
  const kind = textField(fields, 'kind');
  switch (kind) {
    case 'account-empty':
      return { kind, before: number('before') };
    case 'account-gone':
      return { kind, gone: number('gone'), before: number('before') };
    case 'folder-gone':
      return { kind, folder: textField(fields, 'folder') ?? '', gone: number('gone'), before: number('before') };
    case 'uidvalidity-changed':
      return { kind, folders: number('folders'), of: number('of') };
    case 'bodies-changed':
      return { kind, messages: number('messages') };
    default:
      return undefined;
  }
};

const parseFolder = (fields: Fields, what: string): FolderLedger => {
  const [name, inSnapshot] = [bytesField(fields, 'name'), numberField(fields, 'inSnapshot')];
  if (name === undefined || inSnapshot === undefined) throw damaged(what);
  return {
    name,
    uidValidity: numberField(fields, 'uidValidity') ?? 0,
    onServer: numberField(fields, 'onServer'),
    inSnapshot,
    differences: recordsField(fields, 'differences').flatMap((one) => parseDifference(one) ?? []),
  };
};

const kinds: Readonly<Record<string, LedgerKind>> = { missing: 'missing', carried: 'carried', different: 'different' };

const parseDifference = (fields: Fields): LedgerDifference | undefined => {
  const kind = kinds[textField(fields, 'kind') ?? ''];
  const [uid, uids] = [numberField(fields, 'uid'), textField(fields, 'uids')];
  const count = numberField(fields, 'count');
  if (kind === undefined) return undefined;
  const several = uids !== undefined && /^\d+(?::\d+)?(?:,\d+(?::\d+)?)*$/.test(uids) ? { uids } : {};
  const counted = count === undefined ? {} : { count };
  return {
    ...(uid === undefined ? {} : { uid }),
    ...several,
    ...counted,
    kind,
    reason: textField(fields, 'reason') ?? '',
  };
};

/** How many messages of a folder, or things of it as a whole, differ with a reason and without; counts that do not add up are unexplained, too. */
export const folderDifferences = (
  folder: FolderLedger,
): { readonly explained: number; readonly unexplained: number } => {
  let [explained, unexplained] = [0, 0];
  for (const difference of folder.differences) {
    const count = Math.max(1, messagesIn(difference));
    if (difference.reason === '') unexplained += count;
    else explained += count;
  }
  return { explained, unexplained: unexplained === 0 && !isExplained(folder) ? 1 : unexplained };
};

/** Whether a folder's counts and differences agree, and each has its reason. */
export const isExplained = ({ onServer, inSnapshot, differences }: FolderLedger): boolean => {
  if (differences.some(({ reason }) => reason === '')) return false;
  if (onServer === undefined) return differences.length > 0;
  const count = (kind: LedgerKind): number =>
    differences.reduce((sum, difference) => sum + (difference.kind === kind ? messagesIn(difference) : 0), 0);
  return onServer - count('missing') + count('carried') === inSnapshot;
};
