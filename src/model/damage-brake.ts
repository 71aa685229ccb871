/** When a capture looks like damage rather than like a day's mail. Defaults are those of requirement A8. */
export interface BrakeLimits {
  /** Share, 0 to 1, of an account's or a folder's messages that may be gone… */
  readonly goneShare: number;
  /** …as long as these are fewer than so many messages. */
  readonly goneMessages: number;
  /** Share of the folders, 0 to 1, whose UIDVALIDITY may change at once. */
  readonly renewedFoldersShare: number;
  /** So many messages may not have another body than they had. */
  readonly changedBodies: number;
}

export const usualBrakeLimits: BrakeLimits = {
  goneShare: 0.2,
  goneMessages: 50,
  renewedFoldersShare: 0.5,
  changedBodies: 5,
};

/** One folder against the last good snapshot. */
export interface FolderChange {
  /** For people. */
  readonly folder: string;
  /** Messages of the last good snapshot. */
  readonly before: number;
  /** Those of them that the server has no more; all of them, if the folder is gone. Of UIDs given anew: see `countedChange`. */
  readonly gone: number;
  /** Messages that are there now. */
  readonly now: number;
  /** Known identities whose body is another one. */
  readonly changedBodies: number;
  readonly uidValidityChanged: boolean;
}

/**
 * A change with what it lost. UIDs that were given anew prove no message gone; only that there are fewer than before does.
 */
export const countedChange = (change: FolderChange): FolderChange =>
  change.uidValidityChanged ? { ...change, gone: Math.max(0, change.before - change.now) } : change;

export type BrakeReason =
  | { readonly kind: 'account-empty'; readonly before: number }
  | { readonly kind: 'account-gone'; readonly gone: number; readonly before: number }
  | { readonly kind: 'folder-gone'; readonly folder: string; readonly gone: number; readonly before: number }
  | { readonly kind: 'uidvalidity-changed'; readonly folders: number; readonly of: number }
  | { readonly kind: 'bodies-changed'; readonly messages: number }
  /** Of new and changed messages, a share of which was looked at, so many are no mail. */
  | { readonly kind: 'odd-content'; readonly files: number; readonly of: number }
  /** Bytes of a dump, against what is usual. */
  | { readonly kind: 'dump-shrank'; readonly dump: string; readonly bytes: number; readonly usual: number }
  | { readonly kind: 'tables-lost'; readonly dump: string; readonly tables: readonly string[] }
  /** The log of the mail server has so many, and no message came. */
  | { readonly kind: 'no-new-mail'; readonly deliveries: number };

const sum = (changes: readonly FolderChange[], of: (change: FolderChange) => number): number =>
  changes.reduce((total, change) => total + of(change), 0);

/**
 * Why a person should look before this is taken for the truth; none: nothing points at damage. Folders that could not be
 * read are not among `changes`: nothing is known of them. `isFirst`: there is no good snapshot yet to compare with; then
 * only an account without any message is odd.
 */
export const brakeReasons = (
  { changes, isFirst }: { readonly changes: readonly FolderChange[]; readonly isFirst: boolean },
  limits: BrakeLimits = usualBrakeLimits,
): readonly BrakeReason[] => {
  const before = sum(changes, (change) => change.before);
  const gone = sum(changes, (change) => change.gone);
  const changed = sum(changes, ({ changedBodies }) => changedBodies);
  const isTooMuch = (lost: number, of: number): boolean =>
    lost > 0 && lost >= limits.goneMessages && lost >= limits.goneShare * of;
  const known = changes.filter((change) => change.before > 0);
  const renewed = known.filter(({ uidValidityChanged }) => uidValidityChanged).length;
  const reasons: BrakeReason[] = [];
  if (sum(changes, ({ now }) => now) === 0 && (isFirst || before > 0)) reasons.push({ kind: 'account-empty', before });
  if (isTooMuch(gone, before)) reasons.push({ kind: 'account-gone', gone, before });
  for (const change of known) {
    if (isTooMuch(change.gone, change.before)) {
      reasons.push({ kind: 'folder-gone', folder: change.folder, gone: change.gone, before: change.before });
    }
  }
  if (renewed > 0 && renewed >= limits.renewedFoldersShare * known.length) {
    reasons.push({ kind: 'uidvalidity-changed', folders: renewed, of: known.length });
  }
  if (changed >= limits.changedBodies) reasons.push({ kind: 'bodies-changed', messages: changed });
  return reasons;
};
