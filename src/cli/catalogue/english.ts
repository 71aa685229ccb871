const plural = (count: number, one: string, many: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;

export const english = {
  fault: (message: string): string => `mailkeep: ${message}`,
  warning: (message: string): string => `warning: ${message}`,
  hint: (hint: string): string => `  ${hint}`,
  interruptedAgain: (): string => 'mailkeep: stopped at once',

  firstRepository: (location: string): string => `A new encrypted repository was made for you: ${location}`,
  firstPassword: (file: string): string => `Its password was generated into: ${file}`,
  keepPassword: (): string =>
    'KEEP A COPY of that password file somewhere else, on paper or in a password manager: without it nobody can read the backup.',

  backupPhase: (): string => 'reading',
  snapshotSaved: (id: string): string => `snapshot ${id} saved`,
  dryRunDone: (): string => 'dry run: nothing was written',
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
  howToGetBack: (id: string, path: string): string =>
    `to get it back:  mailkeep restore ${id} --target FOLDER    to look inside:  mailkeep ls ${id} ${path}`,

  progress: (files: string, bytes: string, rate: string): string => `${files} files, ${bytes}, ${rate}/s`,
  progressOf: (percent: string, files: string, bytes: string, rate: string, left: string): string =>
    `${percent}  ${files} files, ${bytes}, ${rate}/s, ${left} left`,
};

/**
 * What the program tells people. A message is a function of its values, so that a language can order and inflect as it
 * needs; the compiler sees to it that every language has every message.
 */
export type Messages = typeof english;
