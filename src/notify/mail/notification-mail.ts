import type { Announcement } from '../../contract/notification.ts';
import type { MailSetting } from './mail-setting.ts';

/** What is sent, in the words of nodemailer. */
export const mailOf = (
  { id, verdict, time, machine, subject, text, html }: Announcement,
  { to, from }: Pick<MailSetting, 'to' | 'from'>,
  hostname: string,
) => {
  const domain = /^[a-z0-9.-]+$/i.test(hostname) ? hostname : 'localhost';
  return {
    from: { name: `Mailkeep (${machine})`, address: from ?? `mailkeep@${domain}` },
    to: [...to],
    subject,
    text,
    html,
    date: new Date(time),
    // The same mail sent again is known by this.
    messageId: `<${id}.${verdict}@${domain}>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Mailkeep-Verdict': verdict },
    ...(verdict === 'failed' ? { priority: 'high' as const } : {}),
    disableFileAccess: true,
    disableUrlAccess: true,
  };
};

export type NotificationMail = ReturnType<typeof mailOf>;
