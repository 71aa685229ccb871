import { plural } from './plural.ts';

/** Of `restore --user`. */
export const personMessages = {
  personBackupIncomplete: (backup: string): string => `something was missing when ${backup} was made`,
  askPerson: (files: number, target: string): string =>
    `Add ${plural(files, 'file', 'files')} to the mailbox ${target}?`,
};
