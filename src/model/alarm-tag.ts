import type { BrakeReason } from './damage-brake.ts';

/**
 * Why a snapshot of a server holds the brake stands in tags of its own, as `mailkeep:alarm=kind=bodies-changed&messages=40`: it is known
 * whoever looks, and stays when the storage takes nothing but additions.
 */
const prefix = 'mailkeep:alarm=';

/** A snapshot bears no more mailboxes, and no more tables of a dump. */
const mostFolders = 20;
const mostTables = 50;

const fieldsOf = (reason: BrakeReason): readonly (readonly [string, string])[] =>
  Object.entries(reason).flatMap(([name, value]: readonly [string, string | number | readonly string[]]) =>
    typeof value === 'object'
      ? value.slice(0, mostTables).map((one) => [name, one] as const)
      : [[name, String(value)] as const],
  );

const tagOf = (reason: BrakeReason): string => {
  const fields = new URLSearchParams();
  for (const [name, value] of fieldsOf(reason)) fields.append(name, value);
  return `${prefix}${fields.toString()}`;
};

export const alarmTags = (reasons: readonly BrakeReason[]): readonly string[] => {
  const folders = reasons.filter(({ kind }) => kind === 'folder-gone').slice(0, mostFolders);
  return reasons.filter((reason) => reason.kind !== 'folder-gone' || folders.includes(reason)).map(tagOf);
};

const isAlarmTag = (tag: string): boolean => tag.startsWith(prefix);

/** Those of a newer version count, too. */
export const hasAlarm = (tags: readonly string[]): boolean => tags.some(isAlarmTag);

/** The reasons that tags tell of; those that only a newer version knows are left out. */
export const alarmReasons = (tags: readonly string[]): readonly BrakeReason[] =>
  tags.filter(isAlarmTag).flatMap((tag) => reasonOf(new URLSearchParams(tag.slice(prefix.length))) ?? []);

const reasonOf = (fields: URLSearchParams): BrakeReason | undefined => {
  const text = (name: string): string => fields.get(name) ?? '';
  const count = (name: string): number => Number(text(name));
  const kind = text('kind');
  switch (kind) {
    case 'account-empty':
      return { kind, before: count('before') };
    case 'account-gone':
      return { kind, gone: count('gone'), before: count('before') };
    case 'folder-gone':
      return { kind, folder: text('folder'), gone: count('gone'), before: count('before') };
    case 'uidvalidity-changed':
      return { kind, folders: count('folders'), of: count('of') };
    case 'bodies-changed':
      return { kind, messages: count('messages') };
    case 'odd-content':
      return { kind, files: count('files'), of: count('of') };
    case 'dump-shrank':
      return { kind, dump: text('dump'), bytes: count('bytes'), usual: count('usual') };
    case 'tables-lost':
      return { kind, dump: text('dump'), tables: fields.getAll('tables') };
    case 'no-new-mail':
      return { kind, deliveries: count('deliveries') };
    default:
      return undefined;
  }
};
