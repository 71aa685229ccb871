import { plural } from './plural.ts';

interface Amount {
  readonly files: number;
  readonly folders: number;
  readonly bytes: string;
}

interface PlannedDump {
  readonly into: string;
  readonly how: 'create' | 'swap' | 'replace' | 'add';
  readonly tables: number;
  readonly rows: number;
  readonly others: string;
}

const ways: Readonly<Record<PlannedDump['how'], string>> = {
  create: 'new',
  swap: 'loaded beside it, compared, exchanged',
  replace: 'tried beside it, then REMOVED and loaded again',
  add: 'added to what is there',
};

const list = (names: readonly string[]): string => names.join(', ');
const number = (count: number): string => count.toLocaleString('en');

/** Of a server that is restored. */
export const restoreServerMessages = {
  backupWhole: (backup: string): string => `${backup} was read again: it is whole`,
  backupIncomplete: (backup: string): string => `${backup} is incomplete: something was missing when it was made`,
  backupUnproved: (backup: string): string =>
    `${backup} says of itself where it came from and which commands stop and start services, and nothing proves that`,
  readUnmarked: (reason: string): string =>
    `a backup that runs meanwhile on this disk will not know that this one is being read (${reason})`,
  serverRestorePlan: (server: string, backup: string): string => `${server} from ${backup}:`,
  mailMerged: (place: string): string => `${place} (mail lives there: what is missing is added, nothing is changed)`,
  servicesStop: (names: readonly string[]): string => `stopped first:  ${list(names)}`,
  servicesStartFirst: (names: readonly string[]): string => `started before databases are loaded: ${list(names)}`,
  servicesStart: (names: readonly string[]): string => `started at the end: ${list(names)}`,
  servicesFailed: (reason: string): string => `services could not be started: ${reason}`,
  databaseSilent: (reason: string): string =>
    `does not answer yet, and is looked at once the services are up (${reason})`,
  dumpPlanned: ({ into, how, tables, rows, others }: PlannedDump): string =>
    `${into}: ${ways[how]}` +
    (tables === 0 ? '' : `; ${plural(tables, 'table', 'tables')}, ${plural(rows, 'row', 'rows')}`) +
    (others === '' ? '' : `, ${others}`),
  dumpRefused: (into: string, reason: string): string => `${into}: NOT restored: ${reason}`,
  askServerRestore: (server: string, into: string | undefined): string =>
    into === undefined ? `Restore ${server} in place, as shown?` : `Overwrite what is in ${into}, as shown?`,
  componentRestored: (name: string, written: Amount, left: Amount): string =>
    `${name}: ${plural(written.files, 'file', 'files')} restored (${written.bytes}), ${number(left.files)} left as they are`,
  dumpRestored: (name: string, into: string, tables: number, rows: number): string =>
    `${name}: ${into} restored` +
    (tables === 0 ? '' : `: ${plural(tables, 'table', 'tables')}, ${plural(rows, 'row', 'rows')}`),
  dumpNotRestored: (name: string, into: string, reason: string): string => `${name}: ${into} NOT restored: ${reason}`,
  componentNotRestored: (name: string, reason: string): string => `${name}: NOT restored: ${reason}`,
  componentNotBegun: (name: string): string => `${name}: not begun`,
  componentCompared: (name: string, differences: number): string =>
    differences === 0
      ? `${name}: equal to the backup`
      : `${name}: ${plural(differences, 'entry differs', 'entries differ')} from the backup`,
  databaseNotCompared: (name: string): string => `${name}: databases are not compared`,
  serverRestored: (duration: string): string => `all of it is restored, in ${duration}`,
  serverNotRestored: (duration: string): string =>
    `NOT all of it is restored, in ${duration}; run the same command again: it goes on where it was`,
};
