import { plural } from './plural.ts';

/** Of `hold`. */
export const holdMessages = {
  holdColumns: () => ({ id: 'ID', since: 'Since', what: 'What', reason: 'Reason', where: 'Where' }),
  holdSnapshots: (ids: string): string => `snapshots ${ids}`,
  holdDays: (places: string): string => places,
  holdMailbox: (name: string): string => `mailbox ${name}`,
  holdAccount: (name: string, folders: boolean): string => `account ${name}${folders ? ' (a folder)' : ''}`,
  holdServer: (name: string): string => `server ${name}`,
  holdEverything: (): string => 'everything: its note cannot be read',
  holdBy: (user: string, host: string): string => `by ${user}@${host}`,
  holdCase: (id: string): string => `case ${id}`,
  holdDue: (date: string): string => `look again: ${date} has come`,
  holdUntil: (date: string): string => `look again on ${date}`,
  holdReleased: (time: string, user: string, host: string, reason: string): string =>
    `released ${time} by ${user}@${host}: ${reason}`,
  holdThere: (place: string, count: number): string => `${place}: ${count}`,
  holdNone: (): string => 'nothing is held',
  holdAdded: (id: string): string => `hold ${id}`,
  holdAddedTo: (place: string, count: number, isDisk: boolean): string =>
    `  ${place}: ${isDisk ? plural(count, 'backup is', 'backups are') : plural(count, 'snapshot is', 'snapshots are')} held by it now`,
  holdNothingYet: (): string => '  nothing contains it so far; what comes and does is held',
  holdEnded: (id: string, place: string): string => `hold ${id} has ended in ${place}`,
  holdEndedAlready: (id: string, place: string): string => `hold ${id} had ended in ${place} before`,
  holdForged: (hold: string, place: string): string =>
    `${place}: a note about hold ${hold} claims to be of a known machine and is not: somebody forged it. The hold stands all the same`,
  holdStrangeRelease: (hold: string, place: string): string =>
    `${place}: a machine whose key is not known here says that hold ${hold} has ended. It stands here until its key is given (evidenceKeys), or it is released from here`,
  holdUnreadable: (id: string, place: string, isRepeated: boolean): string =>
    isRepeated
      ? `${place}: the note ${id} is damaged; others repeat what it says`
      : `${place}: the note ${id} is damaged, and nobody knows what it holds: everything there is held until \`mailkeep hold release ${id}\``,
  holdsCarried: (count: number): string => `${plural(count, 'note', 'notes')} of holds copied`,
};
