import { plural } from './plural.ts';

export const backupMessages = {
  backupPhase: (): string => 'reading',
  snapshotSaved: (id: string): string => `snapshot ${id} saved`,
  dryRunDone: (): string => 'dry run: nothing was written',
  skippedUnchanged: (): string => 'nothing has changed since the parent: no snapshot was written',
  filesKept: (counts: { fresh: number; changed: number; renamed: number; unmodified: number }): string =>
    `files:    ${counts.fresh} new, ${counts.changed} changed, ${counts.renamed} renamed, ${counts.unmodified} unmodified`,
  directoriesKept: (counts: { fresh: number; changed: number; unmodified: number }): string =>
    `folders:  ${counts.fresh} new, ${counts.changed} changed, ${counts.unmodified} unmodified`,
  bytesAdded: (added: string, stored: string): string => `added:    ${added} (${stored} stored)`,
  processed: (files: number, bytes: string, duration: string): string =>
    `kept:     ${plural(files, 'file', 'files')}, ${bytes}, in ${duration}`,
  unreadable: (count: number): string =>
    `${plural(count, 'entry', 'entries')} could not be read; the snapshot is marked incomplete`,
  changedWhileRead: (count: number): string => `${plural(count, 'file', 'files')} changed while being read`,
  howToGetBack: (id: string): string =>
    `to get it back:  mailkeep restore ${id} --target FOLDER    to look inside:  mailkeep ls ${id}`,
};
