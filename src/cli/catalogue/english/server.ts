import type { ServerWords } from '../../../operation/report/server-words.ts';
import { plural } from './plural.ts';

const number = (count: number): string => count.toLocaleString('en');
const filesText = (count: number): string => plural(count, 'file', 'files');
const thingsText = (count: number): string => (count === 1 ? '1 thing needs you' : `${number(count)} things need you`);

/** Of servers, in reports and mails. */
export const serverMessages: ServerWords = {
  serverHeadline: ({ verdict, servers, files, bytes, needs }) => {
    if (verdict === 'good') return `All good: ${servers} is backed up, ${bytes} in ${filesText(files)}`;
    return verdict === 'failed' ? `FAILED: ${servers}; ${thingsText(needs)}` : `${thingsText(needs)}: ${servers}`;
  },
  serverGoodSubject: (servers, bytes, date) => `Mail server backup good: ${servers}, ${bytes} - ${date}`,
  needServerFailed: (server, sentence) => `${server}: ${sentence}`,
  serverBackup: (backup, path) => `${backup} in ${path}`,
  serverSnapshot: (snapshot) => `snapshot ${snapshot}`,
  serverRemoved: (backups) => `${plural(backups, 'old backup', 'old backups')} removed`,
  serverScrubbed: (bytes, bad, mended) =>
    `${bytes} of the disk read again: ${bad === 0 ? 'all good' : `${filesText(bad)} bad, ${number(mended)} mended`}`,
  spaceForecast: (days, perDay) => `full in ${plural(days, 'day', 'days')} at this rate (${perDay} a day)`,
  serverDisk: (percent, free) => `disk ${percent} % full, ${free} free`,
  serverLastGood: (time, age) => `last good backup: ${time} (${age} ago)`,
  serverNeverGood: () => 'last good backup: never',
  componentGood: ({ name, files, bytes, written, duration, unreadable }) =>
    `${name}: ${filesText(files)}, ${bytes}; ${written} written in ${duration}${unreadable === 0 ? '' : `; ${number(unreadable)} could not be read`}`,
  componentFailed: (name, attempts, sentence) =>
    `${name}: FAILED after ${plural(attempts, 'attempt', 'attempts')}: ${sentence}`,

  failureTitle: (server) => `${server} Backup Failure Report`,
  backupDate: (time) => `Backup Date: ${time}`,
  statusFailed: () => 'Status: FAILED',
  duration: (time) => `Duration: ${time}`,
  errorDetails: () => 'Error Details',
  mailComponent: (name) => `Component: ${name}`,
  mailError: (sentence) => `Error: ${sentence}`,
  mailSuccess: (bytes) => `Status: SUCCESS (${bytes})`,
  actionRequired: () => 'Action Required',
  reviewLog: (file, id) =>
    file === undefined
      ? `Review the report: mailkeep report ${id}`
      : `Review full logs: ${file} (mailkeep report ${id})`,
  retryManually: (command) => `Retry the backup by hand: ${command}`,

  capacityTitle: () => 'Backup Disk Capacity Warning',
  mountPoint: (path) => `Mount Point: ${path}`,
  capacity: (bytes) => `Capacity: ${bytes}`,
  capacityUsed: (bytes, percent) => `Used: ${bytes} (${percent}%)`,
  capacityFree: (bytes) => `Available: ${bytes}`,
  capacitySummary: () => 'Backup Summary',
  dailyBackups: (count, bytes) => `Daily Backups: ${number(count)} (${bytes})`,
  weeklyBackups: (count, bytes) => `Weekly Backups: ${number(count)} (${bytes})`,
  recommendations: () => 'Recommendations',
  capacityAdvice: () => [
    'Review and delete unnecessary files beside the backups',
    'Consider keeping fewer days or weeks (keepDaily, keepWeekly)',
    'Plan for a larger disk or a second one',
  ],
};
