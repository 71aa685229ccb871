import type { Announcement, NotificationPolicy } from '../../contract/notification.ts';
import { type Drawing, drawReport } from './drawing.ts';
import { plainHtml, reportHtml } from './html.ts';
import type { Report } from './report.ts';
import {
  capacitySubject,
  capacityText,
  type CapacityWarning,
  capacityWarnings,
  failedServers,
  failureText,
} from './server-mail.ts';
import { reportSubject } from './subject.ts';
import { reportText } from './text.ts';

/** What is told of a report, in one language. */
export const announcementOf = (report: Report, drawing: Drawing): Announcement => {
  const drawn = drawReport(report, drawing);
  return {
    id: report.id,
    verdict: report.verdict,
    time: report.ended,
    machine: report.machine,
    subject: reportSubject(report, drawing),
    headline: drawn.headline,
    text: textOf(report, drawing),
    html: reportHtml(drawn),
    report,
  };
};

/** Of servers that have failed in the form that the design has for it, and everything else below. */
const textOf = (report: Report, drawing: Drawing): string => {
  const failures = failedServers(report).map((job) => failureText(job, report, drawing));
  const isAll = failures.length > 0 && failures.length === report.jobs.length && report.repositories.length === 0;
  return [...failures, ...(isAll ? [] : [reportText(drawReport(report, drawing))])].join('\n');
};

/** What is told besides the report: of each disk that fills up. */
export const capacityAnnouncements = (report: Report, drawing: Drawing): readonly Announcement[] =>
  capacityWarnings(report).map((warning, at) => capacityAnnouncement(warning, at, { report, drawing }));

const capacityAnnouncement = (
  warning: CapacityWarning,
  at: number,
  { report, drawing }: { readonly report: Report; readonly drawing: Drawing },
): Announcement => {
  const subject = capacitySubject(warning);
  const text = capacityText(warning, drawing);
  return {
    id: `${report.id}-disk${at + 1}`,
    verdict: 'attention',
    time: report.ended,
    machine: report.machine,
    subject,
    headline: subject,
    text,
    html: plainHtml(subject, text, drawing.words.reportLanguage()),
    report: { message_type: 'disk', ...warning.disk },
  };
};

/** Whether a report is to be told under a policy. */
export const isWanted = (policy: NotificationPolicy, { verdict, isChange }: Report): boolean => {
  switch (policy) {
    case 'always':
      return true;
    case 'change':
      return isChange;
    case 'trouble':
      return verdict !== 'good';
  }
};
