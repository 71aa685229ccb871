import { plural } from './plural.ts';

/** Of the commands about a repository as a whole: init, check, unlock. */
export const repositoryMessages = {
  repositoryMade: (id: string, location: string): string => `repository ${id} made at ${location}`,
  passwordGenerated: (file: string): string => `its password was generated into ${file}`,
  keepInMind: (): string =>
    'KEEP A COPY of the password somewhere else, on paper or in a password manager: without it nobody can read the backups, and nobody can bring it back.',
  passwordOf: (location: string): string => `password of ${location}:`,
  passwordAgain: (): string => 'the same password again:',

  checkPhase: (phase: string): string => phase,
  damaged: (what: string): string => `damaged: ${what}`,
  remark: (what: string): string => `note: ${what}`,
  adviceHeading: (): string => 'What to do:',
  advice: (hint: string): string => `  - ${hint}`,
  checkedAll: (counts: { snapshots: number; trees: number; blobs: number; packs: number }): string =>
    `looked at: ${plural(counts.snapshots, 'snapshot', 'snapshots')}, ${plural(counts.trees, 'folder tree', 'folder trees')}, ${plural(counts.blobs, 'blob', 'blobs')} in ${plural(counts.packs, 'pack', 'packs')}`,
  checkedRead: (read: number, packs: number, bytes: string): string =>
    read === 0
      ? 'read:      no pack (--read-data reads and verifies them all)'
      : `read:      ${read.toLocaleString('en')} of ${plural(packs, 'pack', 'packs')}, every byte of ${bytes}`,
  checkGood: (): string => 'no damage was found',
  checkBad: (count: number): string => `DAMAGE was found: ${plural(count, 'place', 'places')}`,
  checkRemarks: (count: number): string =>
    `${plural(count, 'thing wastes', 'things waste')} space or ${count === 1 ? 'is' : 'are'} untidy; nothing is lost`,

  locksRemoved: (count: number): string =>
    count === 0 ? 'no lock was removed' : `${plural(count, 'lock was', 'locks were')} removed`,
  locksLeft: (count: number): string =>
    `${plural(count, 'lock is', 'locks are')} left: of programs that still run, or did less than 30 minutes ago on another machine`,
  askUnlockAll: (): string => 'Remove all locks, also those of programs that are at work now?',
};
