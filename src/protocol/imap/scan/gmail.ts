import { compareBytes, type ByteString } from '../../../model/byte-string.ts';
import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import type { ListedFolder } from './folder-list.ts';
import { type FolderFilter, wantedFolders } from './folder-filter.ts';
import type { TableRow } from './message-table.ts';

/** A folder to capture; `wanted` tells which of its messages, undefined: all. */
export interface ChosenFolder {
  readonly folder: ListedFolder;
  readonly wanted: ((row: TableRow) => boolean) | undefined;
}

/** How X-GM-LABELS spells the folders that are not named by people. */
const labelOfUse: Readonly<Record<string, string>> = {
  '\\Sent': '\\\\sent',
  '\\Drafts': '\\\\drafts?',
  '\\Flagged': '\\\\starred',
  '\\Important': '\\\\important',
  '\\Junk': '\\\\(?:spam|junk)',
  '\\Trash': '\\\\trash',
};

/** In Gmail these hold every message once; all other folders are labels of them. */
const whole = ['\\All', '\\Junk', '\\Trash'];

const isWhole = ({ specialUse }: ListedFolder): boolean => specialUse.some((use) => whole.includes(use));

/**
 * The folders to capture of a Gmail account: All Mail, Spam and Trash, so that a message comes once whatever its labels
 * (which are kept). A filter stays one of folders: of All Mail, the messages that have a label of a wanted folder, or no
 * label at all where All Mail itself is wanted.
 *
 * Undefined where All Mail is hidden from IMAP: then folders are all there is.
 */
export const chosenInGmail = (
  folders: readonly ListedFolder[],
  filter: FolderFilter,
  tell: (message: string) => void,
): readonly ChosenFolder[] | undefined => {
  const selectable = folders.filter((folder) => folder.selectable);
  const all = selectable.find(({ specialUse }) => specialUse.includes('\\All'));
  if (all === undefined) return undefined;
  const wanted = new Set(wantedFolders(selectable, filter, tell));
  const labels = selectable.filter((folder) => !isWhole(folder));
  const isEverything = wanted.has(all) && labels.every((folder) => wanted.has(folder));
  const chosen = selectable.filter((folder) => isWhole(folder) && folder !== all && wanted.has(folder));
  const ofAll = isEverything ? undefined : byLabels(labels, wanted, wanted.has(all));
  const isAllWanted = wanted.has(all) || labels.some((folder) => wanted.has(folder));
  return [
    ...chosen.map((folder) => ({ folder, wanted: undefined })),
    ...(isAllWanted ? [{ folder: all, wanted: ofAll }] : []),
  ].toSorted((left, right) => compareBytes(left.folder.name, right.folder.name));
};

const byLabels = (
  labels: readonly ListedFolder[],
  wanted: ReadonlySet<ListedFolder>,
  withoutLabel: boolean,
): ((row: TableRow) => boolean) => {
  const matchers = labels.map((folder) => ({ isWanted: wanted.has(folder), matches: labelMatcher(folder) }));
  const known = new Map<string, 'wanted' | 'unwanted' | 'no folder'>();
  const fateOf = (label: string): 'wanted' | 'unwanted' | 'no folder' => {
    const found = known.get(label);
    if (found !== undefined) return found;
    const of = matchers.filter(({ matches }) => matches(label));
    const fate = of.length === 0 ? 'no folder' : of.some(({ isWanted }) => isWanted) ? 'wanted' : 'unwanted';
    known.set(label, fate);
    return fate;
  };
  return ({ ids }) => {
    const fates = (ids.labels ?? []).map(fateOf).filter((fate) => fate !== 'no folder');
    // Hidden labels and no labels at all: such a message is nowhere but in All Mail.
    return fates.length === 0 ? withoutLabel : fates.includes('wanted');
  };
};

const labelMatcher = ({ name, specialUse }: ListedFolder): ((label: string) => boolean) => {
  if (name === inbox) return (label) => /^\\inbox$/i.test(label);
  const patterns = specialUse.flatMap((use) => labelOfUse[use] ?? []).map((pattern) => new RegExp(`^${pattern}$`, 'i'));
  return (label) => label === name || patterns.some((pattern) => pattern.test(label));
};

const inbox: ByteString = byteStringOfLatin1('INBOX');
