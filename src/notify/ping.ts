import { z } from 'zod';
import type { Notifier, PingMoment } from '../contract/notification.ts';
import type { ResolvePath } from '../contract/setting.ts';
import { cutText } from './cut-text.ts';
import { postHttp } from './http-post.ts';
import type { NotifierParts } from './parts.ts';
import { mostPingBytes } from './ping-body.ts';
import { readPatiently } from './patient-secrets.ts';
import { authoritySetting, urlSetting } from './http-setting.ts';

export const pingSetting = (resolve: ResolvePath) =>
  z.strictObject({ url: urlSetting(resolve), certificateAuthority: authoritySetting(resolve) });

export type PingSetting = z.output<ReturnType<typeof pingSetting>>;

/** Of healthchecks.io (healthchecks.io/docs/http_api); what else takes pings mostly has the same. */
const endings: Readonly<Record<PingMoment, string>> = { start: '/start', success: '', failure: '/fail' };

/** Tells a monitor that a run begins and how it ended, so that it can tell when none came. */
export const pingNotifier = ({ url, certificateAuthority }: PingSetting, parts: NotifierParts): Notifier => ({
  kind: 'ping',
  ping: async (moment, text, run) => {
    const path = (given: string): string => given.replace(/\/$/, '') + endings[moment];
    const headers = { 'content-type': 'text/plain; charset=utf-8' };
    const body = cutText(text, mostPingBytes);
    const { secrets, patience } = await readPatiently(parts, run, (read) => read(url));
    await postHttp({ url: secrets, path, headers, body, certificateAuthority, patience }, run);
  },
});
