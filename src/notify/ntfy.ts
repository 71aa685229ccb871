import { z } from 'zod';
import type { Notifier } from '../contract/notification.ts';
import { secretSource } from '../contract/secret-source.ts';
import type { ResolvePath } from '../contract/setting.ts';
import { Fault } from '../model/fault.ts';
import type { RunVerdict } from '../model/run-record.ts';
import type { Secret } from '../model/secret.ts';
import { cutText } from './cut-text.ts';
import { postHttp } from './http-post.ts';
import type { NotifierParts } from './parts.ts';
import { readPatiently } from './patient-secrets.ts';
import { authoritySetting, urlSetting } from './http-setting.ts';

export const ntfySetting = (resolve: ResolvePath) =>
  z.strictObject({
    url: urlSetting(resolve).meta({
      description:
        'The URL of the topic, https only, such as https://ntfy.sh/TOPIC. Whoever knows a topic reads along.',
      sample: { file: '~/.config/mailkeep/ntfy-topic' },
    }),
    token: secretSource(resolve).optional().meta({ description: 'An access token, where the topic is protected.' }),
    priority: z.int().min(1).max(5).optional().meta({
      description:
        'From 1 (quiet) to 5 (urgent). Default: 2 when all is good, 4 when a person has to look, 5 after a failure.',
    }),
    certificateAuthority: authoritySetting(resolve),
  });

export type NtfySetting = z.output<ReturnType<typeof ntfySetting>>;

const priorities: Readonly<Record<RunVerdict, number>> = { good: 2, attention: 4, failed: 5 };
const tags: Readonly<Record<RunVerdict, string>> = {
  good: 'white_check_mark',
  attention: 'warning',
  failed: 'rotating_light',
};

/** Longer ones become attachments, which phones do not show. */
const mostBytes = 4000;

/** The last part of the URL; JSON goes to what is before it, as headers take no Japanese (docs.ntfy.sh, "Publish as JSON"). */
const topicOf = (url: Secret): string => {
  const text = url.reveal().trim();
  const topic = URL.canParse(text) ? new URL(text).pathname.split('/').at(-1) : '';
  if (topic !== undefined && topic !== '') return decodeURIComponent(topic);
  throw new Fault('configuration', 'the url of a notification by ntfy names no topic', {
    hint: 'It is https://SERVER/TOPIC.',
  });
};

/** Publishes to a topic of ntfy. */
export const ntfyNotifier = (
  { url, token, priority, certificateAuthority }: NtfySetting,
  parts: NotifierParts,
): Notifier => ({
  kind: 'message',
  send: async ({ verdict, subject, text }, run) => {
    const { secrets, patience } = await readPatiently(parts, run, async (read) => ({
      topicUrl: await read(url),
      access: token === undefined ? undefined : await read(token),
    }));
    const { topicUrl, access } = secrets;
    const body = JSON.stringify({
      topic: topicOf(topicUrl),
      title: subject,
      message: cutText(text, mostBytes),
      priority: priority ?? priorities[verdict],
      tags: [tags[verdict]],
    });
    const bearer = access === undefined ? {} : { authorization: `Bearer ${access.reveal()}` };
    const headers = { 'content-type': 'application/json; charset=utf-8', ...bearer };
    const path = (topic: string): string => topic.slice(0, topic.lastIndexOf('/') + 1);
    await postHttp({ url: topicUrl, path, headers, body, certificateAuthority, patience }, run);
  },
});
