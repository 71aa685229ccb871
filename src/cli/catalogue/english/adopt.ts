import { plural } from './plural.ts';

const messagesText = (count: number): string => plural(count, 'message', 'messages');
const number = (count: number): string => count.toLocaleString('en');

export interface AdoptedFolderText {
  readonly folder: string;
  readonly from: string;
  readonly adopted: number;
  readonly onServer: number;
  readonly bytes: string;
  readonly present: number;
  readonly absent: number;
  readonly differing: number;
}

/** Of `adopt`. */
export const adoptMessages = {
  adoptHeading: (account: string, from: string): string => `What of ${account} lies in ${from}:`,
  adoptFolder: ({ folder, from, adopted, onServer, bytes, present, absent, differing }: AdoptedFolderText): string => {
    const more = [
      ...(present === 0 ? [] : [`${number(present)} in the mirror already`]),
      ...(absent === 0 ? [] : [`${number(absent)} not there`]),
      ...(differing === 0 ? [] : [`${number(differing)} not as on the server`]),
    ];
    const source = from === '' ? '' : ` from ${from}`;
    return `  ${folder}${source}: ${number(adopted)} of ${messagesText(onServer)}, ${bytes}${more.length === 0 ? '' : `; ${more.join(', ')}`}`;
  },
  adoptHindrance: (kind: 'no-folder' | 'no-marks' | 'no-state' | 'renumbered'): string =>
    `    ${
      {
        'no-folder': 'there is no folder like it; --map-folder OLD=NEW says which one it is',
        'no-marks': 'the names of its files tell no UIDs',
        'no-state': 'the state of mbsync is missing; --state says where it is',
        renumbered: 'the server has given it another UIDVALIDITY since',
      }[kind]
    }`,
  adoptUnread: (folder: string, sentence: string): string => `  ${folder}: ${sentence}`,
  adoptUnused: (folder: string, files: number): string =>
    `  not used: ${folder}, ${plural(files, 'file', 'files')}; the account has no such folder, or it is not among the wanted`,
  adoptHalfDone: (folder: string): string =>
    `  ${folder}: mbsync was ended in the middle; what it has not written down is fetched`,
  adoptTotal: (adopted: number, bytes: string, mirror: string, left: number): string =>
    `${messagesText(adopted)}, ${bytes}, for ${mirror}; ${number(left)} are left for the next run to fetch. The old tree stays as it is.`,
  adoptVerified: (compared: number): string => `${messagesText(compared)} fetched and compared whole: all are equal`,
  adoptDeclined: (): string => 'nothing was taken over',
  askAdopt: (): string => 'Take them over?',
  adoptDone: (adopted: number, bytes: string, account: string): string =>
    `taken over: ${messagesText(adopted)}, ${bytes}; now: mailkeep run ${account}`,
};
