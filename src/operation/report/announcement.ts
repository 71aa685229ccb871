import type { Announcement, NotificationPolicy } from '../../contract/notification.ts';
import { type Drawing, drawReport } from './drawing.ts';
import { reportHtml } from './html.ts';
import type { Report } from './report.ts';
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
    text: reportText(drawn),
    html: reportHtml(drawn),
    report,
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
