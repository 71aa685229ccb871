import { z } from 'zod';
import type { Announcement, Notifier } from '../contract/notification.ts';
import type { ResolvePath } from '../contract/setting.ts';
import { cutText } from './cut-text.ts';
import { postHttp } from './http-post.ts';
import type { NotifierParts } from './parts.ts';
import { readPatiently } from './patient-secrets.ts';
import { authoritySetting, urlSetting } from './http-setting.ts';

export const slackSetting = (resolve: ResolvePath) =>
  z.strictObject({ url: urlSetting(resolve), certificateAuthority: authoritySetting(resolve) });

export type SlackSetting = z.output<ReturnType<typeof slackSetting>>;

/** Mattermost takes 16,383 characters, Discord (`/slack`) 2,000. */
const mostBytes = 1900;

/**
 * Slack's three entities (docs.slack.dev, "Formatting text"), without which a folder's name could be a link or a mention; and
 * the mentions of Mattermost and Discord, which need no brackets.
 */
const plain = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/@(?=all|channel|here|everyone)/gi, '@\u200b')
    .replaceAll('```', "'''");

export const slackText = ({ subject, text }: Pick<Announcement, 'subject' | 'text'>): string =>
  `*${plain(subject)}*\n\`\`\`\n${cutText(plain(text).trimEnd(), mostBytes)}\n\`\`\``;

/** Posts to an incoming webhook of Slack, or of what takes the same: Mattermost, Rocket.Chat, Discord with `/slack`. */
export const slackNotifier = ({ url, certificateAuthority }: SlackSetting, parts: NotifierParts): Notifier => ({
  kind: 'message',
  send: async (announcement, run) => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    const body = JSON.stringify({ text: slackText(announcement) });
    const { secrets, patience } = await readPatiently(parts, run, (read) => read(url));
    await postHttp({ url: secrets, headers, body, certificateAuthority, patience }, run);
  },
});
