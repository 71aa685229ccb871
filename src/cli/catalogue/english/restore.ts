import { plural } from './plural.ts';

interface PlanCounts {
  readonly files: number;
  readonly folders: number;
  readonly bytes: string;
}

interface AccountPlanLine {
  readonly from: string;
  readonly to: string;
  readonly create: boolean;
  readonly add: number;
  readonly bytes: string;
  readonly present: number;
}

const amount = ({ files, folders, bytes }: PlanCounts): string =>
  `${plural(files, 'file', 'files')}, ${plural(folders, 'folder', 'folders')}, ${bytes}`;

const losses: Readonly<Record<string, string>> = {
  owner: 'owner or group',
  setuid: 'set-user-id or set-group-id',
  mode: 'mode',
  time: 'time',
  nanoseconds: 'the last digits of the time (set to the microsecond)',
  xattr: 'extended attributes',
  acl: 'access control list',
  'hard-link': 'hard link (made a file of its own)',
  device: 'device',
  fifo: 'named pipe',
  socket: 'socket',
  irregular: 'entry of an unknown kind',
  keyword: 'keyword (the mail folder has no letter left for it)',
  'uid-list': 'list of UIDs (the mail server makes a new one)',
};

export const restoreMessages = {
  imported: (
    { messages, folders, damaged }: { readonly messages: number; readonly folders: number; readonly damaged: number },
    id: string | undefined,
  ): string =>
    `imported: ${plural(messages, 'message', 'messages')} in ${plural(folders, 'folder', 'folders')}` +
    (damaged === 0 ? '' : `, ${plural(damaged, 'damaged one', 'damaged ones')} left out`) +
    (id === undefined ? ' (dry run: nothing was written)' : `, snapshot ${id}`),
  mailPlan: (place: string): string => `mail to ${place}:`,
  mailPlanFolder: (folder: string, count: number, bytes: string): string =>
    `  ${folder}: ${plural(count, 'message', 'messages')}, ${bytes}`,
  mailRestored: (count: number, bytes: string, place: string): string =>
    `restored: ${plural(count, 'message', 'messages')}, ${bytes}, to ${place}`,
  mailLeft: (count: number): string => `left:     ${plural(count, 'message', 'messages')} that are there already`,
  restorePlan: (source: string, target: string): string => `${source} into ${target}:`,
  planCreate: (counts: PlanCounts): string => `  new:          ${amount(counts)}`,
  planOverwrite: (counts: PlanCounts): string => `  overwritten:  ${amount(counts)}`,
  planLeave: (counts: PlanCounts): string => `  left as is:   ${amount(counts)}`,
  planRefused: (count: number): string => `  not restored: ${plural(count, 'entry', 'entries')}`,
  planOverwrites: (path: string): string => `    overwrites ${path}`,
  planRefusal: (path: string, reason: string): string => `    ${path}: ${reason}`,
  planMore: (count: number): string => `    and ${count.toLocaleString('en')} more (all of them with --verbose)`,
  askOverwrite: (files: number, target: string): string => `Overwrite ${plural(files, 'file', 'files')} in ${target}?`,
  askInPlace: (target: string): string => `Restore to where it was taken from, ${target}?`,
  declined: (): string => 'nothing was restored',
  planOnly: (): string => 'dry run: nothing was written',
  restored: (counts: PlanCounts, duration: string): string => `restored: ${amount(counts)}, in ${duration}`,
  leftAsIs: (counts: PlanCounts): string => `left:     ${amount(counts)}`,
  restoreFailed: (count: number): string => `${plural(count, 'entry', 'entries')} could not be restored`,
  notRestoredHere: (kind: string, count: number): string =>
    `not restored here: ${losses[kind] ?? kind} of ${plural(count, 'entry', 'entries')}`,
  verified: (): string => 'verified: what was restored equals the snapshot',
  verifiedWrong: (count: number): string =>
    `verified: ${plural(count, 'entry differs', 'entries differ')} from the snapshot`,
  accountPlan: (account: string): string => `mail into the account ${account}, which only gets more:`,
  accountPlanFolder: (plan: AccountPlanLine): string =>
    `  ${plan.from} -> ${plan.to}${plan.create ? ' (new)' : ''}: ${plural(plan.add, 'message', 'messages')} to add (${plan.bytes}), ${plan.present.toLocaleString('en')} there already`,
  accountPlanRefused: (folder: string, count: number, reason: string): string =>
    `  ${folder}: ${plural(count, 'message', 'messages')} not restored: ${reason}`,
  askAccount: (messages: number, account: string): string =>
    `Add ${plural(messages, 'message', 'messages')} to ${account}?`,
  accountRestored: (messages: number, bytes: string, present: number): string =>
    `added: ${plural(messages, 'message', 'messages')}, ${bytes}; there already: ${present.toLocaleString('en')}`,
  accountNotTried: (count: number): string => `${plural(count, 'message was', 'messages were')} not tried`,
  mailNotAdded: (count: number): string => `${plural(count, 'message', 'messages')} could not be added`,
  flagNotKept: (flag: string, count: number): string =>
    `the server does not keep ${flag}: left out of ${plural(count, 'message', 'messages')}`,
  accountVerified: (folder: string, expected: number, missing: number): string =>
    `verified: ${folder}: ${(expected - missing).toLocaleString('en')} of ${plural(expected, 'message', 'messages')} are there byte for byte`,
};
