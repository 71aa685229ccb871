import type { Notifier } from '../contract/notification.ts';
import type { Notification } from './notification-setting.ts';
import type { NotifierParts } from './parts.ts';

/** What an entry of the configuration stands for. Nothing is sent yet, and no secret is read. */
export const openNotifier = async ({ way }: Notification, parts: NotifierParts): Promise<Notifier> => {
  switch (way.kind) {
    case 'mail':
      return (await import('./mail/mail-notifier.ts')).mailNotifier(way.value, parts);
    case 'ping':
      return (await import('./ping.ts')).pingNotifier(way.value, parts);
    case 'ntfy':
      return (await import('./ntfy.ts')).ntfyNotifier(way.value, parts);
    case 'slack':
      return (await import('./slack.ts')).slackNotifier(way.value, parts);
    case 'webhook':
      return (await import('./webhook.ts')).webhookNotifier(way.value, parts);
  }
};
