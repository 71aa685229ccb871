import { plural } from './plural.ts';

const messagesText = (count: number): string => plural(count, 'message', 'messages');

export const captureMessages = {
  accountHeading: (name: string, host: string): string => `${name} (${host})`,
  accountFailed: (name: string, sentence: string): string => `${name}: ${sentence}`,
  accountFetched: (messages: number, bytes: string): string => `  fetched:  ${messagesText(messages)}, ${bytes}`,
  accountChanges: (gone: number, changedBodies: number): string =>
    `  gone:     ${messagesText(gone)}${changedBodies === 0 ? '' : `; ${messagesText(changedBodies)} with another body`}`,
  accountComplete: (server: number, snapshot: number, folders: number): string =>
    `  complete: server ${server.toLocaleString('en')} = snapshot ${snapshot.toLocaleString('en')}, ${plural(folders, 'folder', 'folders')}, 0 unexplained`,
  accountDifferent: (server: number, snapshot: number, explained: number, unexplained: number): string =>
    `  differs:  server ${server.toLocaleString('en')}, snapshot ${snapshot.toLocaleString('en')}; ${explained.toLocaleString('en')} explained, ${unexplained.toLocaleString('en')} unexplained`,
  accountFolderDiffers: (folder: string, uid: number | string | undefined, reason: string): string =>
    `    ${folder}${uid === undefined ? '' : ` UID ${uid}`}: ${reason === '' ? 'unexplained' : reason}`,
  accountMoreDifferences: (count: number): string => `    and ${count.toLocaleString('en')} more`,
  accountSnapshot: (id: string): string => `  snapshot: ${id}`,
  brakeHolds: (): string => `  BRAKE: this looks like damage. Everything is kept, nothing older leaves:`,
  brakeConfirm: (name: string): string =>
    `  Look at it. If all this is right, say so once: mailkeep run ${name} --confirm`,
  brakeConfirmed: (): string => '  confirmed as right:',
  brakeReason: (sentence: string): string => `    - ${sentence}`,
  brakeAccountEmpty: (before: number): string =>
    before === 0
      ? 'the account shows no message at all'
      : `the account shows no message; it had ${messagesText(before)}`,
  brakeAccountGone: (gone: number, before: number): string =>
    `${messagesText(gone)} of ${before.toLocaleString('en')} in the account are gone`,
  brakeFolderGone: (folder: string, gone: number, before: number): string =>
    `${messagesText(gone)} of ${before.toLocaleString('en')} in ${folder} are gone`,
  brakeRenumbered: (folders: number, of: number): string =>
    `UIDVALIDITY has changed in ${folders} of ${plural(of, 'folder', 'folders')}`,
  brakeBodiesChanged: (messages: number): string => `${messagesText(messages)} have another body than they had`,
  brakeOddContent: (files: number, of: number): string =>
    `${files.toLocaleString('en')} of ${of.toLocaleString('en')} new or changed messages that were looked at are no mail`,
  brakeDumpShrank: (dump: string, bytes: string, usual: string): string => `${dump} has ${bytes}; ${usual} is usual`,
  brakeTablesLost: (dump: string, tables: readonly string[]): string =>
    `${dump} has lost ${plural(tables.length, 'table', 'tables')}: ${tables.slice(0, 5).join(', ')}${tables.length > 5 ? ' …' : ''}`,
  brakeNoNewMail: (deliveries: number): string =>
    `no message came, and the log of the mail server has ${plural(deliveries, 'delivery', 'deliveries')}`,
  runWaits: (pid: number | undefined): string =>
    `another run is under way${pid === undefined ? '' : ` (process ${pid})`}; waiting for its end`,
  confirmNames: (): string => '--confirm is for accounts and servers that somebody has looked at: name them',
  statusColumns: () => ({
    account: 'Account',
    good: 'Last good',
    messages: 'Messages',
    state: 'State',
  }),
  statusNever: (): string => 'never',
  statusAge: (time: string, age: string): string => `${time} (${age} ago)`,
  statusGood: (): string => 'complete',
  statusBraked: (): string => 'BRAKE',
  statusIncomplete: (): string => 'incomplete',
  statusUnexplained: (count: number): string => `${count.toLocaleString('en')} unexplained`,
  statusFromFuture: (count: number): string =>
    count === 1 ? 'a snapshot from the future' : `${count.toLocaleString('en')} snapshots from the future`,
  statusCutOff: (): string => 'cut off, will go on',
  statusLastFailed: (time: string, why: string): string => `failed ${time}: ${why}`,
  statusTooOld: (limit: string): string => `older than ${limit}`,
};
