import { readFileSync } from 'node:fs';

/** Names of users and groups by their numbers; empty where the system knows none. */
export interface AccountNames {
  user(uid: number): string;
  group(gid: number): string;
}

export interface AccountFiles {
  readonly passwd: string;
  readonly group: string;
}

/**
 * Reads passwd(5) and group(5) at the first question and keeps them. Where a number has two names, the first counts, as
 * in the system. A file that is not there (another platform) knows nobody.
 */
export const createAccountNames = (
  files: AccountFiles = { passwd: '/etc/passwd', group: '/etc/group' },
): AccountNames => {
  let users: ReadonlyMap<number, string> | undefined;
  let groups: ReadonlyMap<number, string> | undefined;
  return {
    user: (uid) => (users ??= parseAccounts(textOf(files.passwd))).get(uid) ?? '',
    group: (gid) => (groups ??= parseAccounts(textOf(files.group))).get(gid) ?? '',
  };
};

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // No names are known then; the numbers are kept all the same.
    return '';
  }
};

/** Both files have the name first and the number third: `name:x:number:…`. */
export const parseAccounts = (text: string): ReadonlyMap<number, string> => {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , number] = line.split(':');
    if (name === undefined || name === '' || name.startsWith('#') || number === undefined) continue;
    if (!/^\d+$/.test(number) || names.has(Number(number))) continue;
    names.set(Number(number), name);
  }
  return names;
};
