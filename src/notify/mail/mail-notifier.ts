import type { Notifier } from '../../contract/notification.ts';
import type { NotifierParts } from '../parts.ts';
import { usualPatience } from '../patience.ts';
import type { MailSetting } from './mail-setting.ts';
import { mailOf } from './notification-mail.ts';

/** Sends a mail with the report as text and as HTML. */
export const mailNotifier = (setting: MailSetting, parts: NotifierParts): Notifier => ({
  kind: 'message',
  send: async (announcement, run) => {
    const mail = mailOf(announcement, setting, parts.hostname);
    const { patience = usualPatience } = parts;
    const { by } = setting;
    if (by.kind === 'smtp') {
      const { sendBySmtp } = await import('./smtp.ts');
      await sendBySmtp(mail, by.value, { ...parts, patience }, run);
    } else {
      const { sendBySendmail } = await import('./sendmail.ts');
      await sendBySendmail(mail, { program: by.value, variables: parts.variables, patience }, run);
    }
  },
});
