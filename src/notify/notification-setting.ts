import { z } from 'zod';
import type { ResolvePath } from '../contract/setting.ts';
import { type MailSetting, mailSetting } from './mail/mail-setting.ts';
import { ntfySetting } from './ntfy.ts';
import { pingSetting } from './ping.ts';
import { slackSetting } from './slack.ts';
import { webhookSetting } from './webhook.ts';

const ways = (resolve: ResolvePath) => ({
  mail: mailSetting(resolve).optional().meta({ description: 'A mail with the report.' }),
  ping: pingSetting(resolve).optional().meta({
    description: 'Tells a monitor such as healthchecks.io that a run began, and how it ended.',
  }),
  ntfy: ntfySetting(resolve).optional().meta({ description: 'To phones, by ntfy.sh or a server of your own.' }),
  slack: slackSetting(resolve).optional().meta({
    description: 'An incoming webhook of Slack, or of what takes the same: Mattermost, Rocket.Chat, Discord.',
  }),
  webhook: webhookSetting(resolve).optional().meta({ description: 'The report as JSON, to a program of yours.' }),
});

/** One entry of `notifications:`, which has exactly one of the ways. */
export const notificationSetting = (resolve: ResolvePath) =>
  z
    .strictObject({
      ...ways(resolve),
      when: z.enum(['always', 'change', 'trouble']).default('always').meta({
        description:
          'After every run; when a run went another way than the one before; or when a person has to look. A ping is sent always.',
        sample: 'trouble',
      }),
      language: z.enum(['en', 'ja']).optional().meta({
        description: 'The language of this one. Default: that of the configuration, or of the system.',
      }),
      name: z
        .string()
        .regex(/^[\p{L}\p{N}_][\p{L}\p{N}._-]{0,63}$/u, { error: 'must be a short name of letters and digits' })
        .optional()
        .meta({ description: 'What it is called in messages. Default: its kind.', sample: 'phone' }),
    })
    .transform(({ mail, ping, ntfy, slack, webhook, ...common }, context) => {
      const given = [
        ...(mail === undefined ? [] : [{ kind: 'mail', value: mail } as const]),
        ...(ping === undefined ? [] : [{ kind: 'ping', value: ping } as const]),
        ...(ntfy === undefined ? [] : [{ kind: 'ntfy', value: ntfy } as const]),
        ...(slack === undefined ? [] : [{ kind: 'slack', value: slack } as const]),
        ...(webhook === undefined ? [] : [{ kind: 'webhook', value: webhook } as const]),
      ];
      const [way] = given;
      if (way !== undefined && given.length === 1) return { ...common, way, account: accountOf(mail) };
      context.addIssue({ code: 'custom', message: 'must have exactly one of: mail, ping, ntfy, slack, webhook' });
      return z.NEVER;
    });

/** Which account's login is used, so that the configuration can be checked for it. */
const accountOf = (mail: MailSetting | undefined): string | undefined => {
  if (mail?.by.kind !== 'smtp') return undefined;
  const { login } = mail.by.value;
  return login?.kind === 'account' ? login.value : undefined;
};

/** An entry that has a name of its own. */
export type Notification = z.output<ReturnType<typeof notificationSetting>> & { readonly name: string };
