import { wallTime } from '../../model/local-time.ts';
import type { Drawing } from './drawing.ts';
import { formatBytes } from '../../model/size.ts';
import { type Report, serverTotals } from './report.ts';

/**
 * The subject of a mail about a run. Those in brackets are never translated, so that a filter can go by them (requirement B5);
 * a server's job says so in the words of the design that they come from.
 */
export const reportSubject = (report: Report, { words, timeZone }: Drawing): string => {
  const { date } = wallTime(report.started, timeZone);
  const { verdict, jobs, arrived, gone, command, drill } = report;
  const failed = jobs.filter(({ outcome }) => outcome.kind === 'failed');
  const isServer = failed.some(({ kind }) => kind === 'server');
  switch (verdict) {
    case 'failed':
      if (command === 'drill') return `[ALERT] Mailserver Recovery Drill Failed - ${date}`;
      return `[ALERT] ${isServer ? 'Mailserver' : 'Mail'} Backup Failed - ${date}`;
    case 'attention':
      return `[WARNING] Mail Backup Needs Attention - ${date}`;
    case 'good': {
      if (drill !== undefined) return words.drillSubject(drill.server, date);
      const total = serverTotals(report);
      if (total !== undefined) return words.serverGoodSubject(total.servers, formatBytes(total.bytes), date);
      return jobs.length === 0 ? words.maintainedSubject(date) : words.goodSubject(arrived, gone, date);
    }
  }
};
