import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { Notifier } from '../contract/notification.ts';
import { secretSource } from '../contract/secret-source.ts';
import type { ResolvePath } from '../contract/setting.ts';
import type { Secret } from '../model/secret.ts';
import { postHttp } from './http-post.ts';
import { authoritySetting, urlSetting } from './http-setting.ts';
import type { NotifierParts } from './parts.ts';
import { readPatiently } from './patient-secrets.ts';

export const webhookSetting = (resolve: ResolvePath) =>
  z.strictObject({
    url: urlSetting(resolve),
    secret: secretSource(resolve).optional().meta({
      description: 'A key for X-Mailkeep-Signature: "sha256=" and the HMAC-SHA-256 of the body in hexadecimal digits.',
    }),
    headers: z
      .record(z.string().regex(/^[A-Za-z0-9-]+$/, { error: 'must be the name of a header' }), secretSource(resolve))
      .default({})
      .meta({ description: 'Headers to send along, such as Authorization. Each is a secret.' }),
    certificateAuthority: authoritySetting(resolve),
  });

export type WebhookSetting = z.output<ReturnType<typeof webhookSetting>>;

const signature = (body: string, key: Secret): string =>
  `sha256=${createHmac('sha256', key.reveal()).update(body).digest('hex')}`;

/** Posts the report as JSON. */
export const webhookNotifier = (
  { url, secret, headers, certificateAuthority }: WebhookSetting,
  parts: NotifierParts,
): Notifier => ({
  kind: 'message',
  send: async (announcement, run) => {
    // A program draws its own page.
    const body = JSON.stringify({ message_type: 'report', ...announcement, html: undefined });
    const { secrets, patience } = await readPatiently(parts, run, async (read) => {
      const own: Record<string, string> = {};
      for (const [name, source] of Object.entries(headers)) own[name] = (await read(source)).reveal();
      return { own, key: secret === undefined ? undefined : await read(secret), address: await read(url) };
    });
    const { own, key, address } = secrets;
    const signed = key === undefined ? {} : { 'x-mailkeep-signature': signature(body, key) };
    const all = { ...own, 'content-type': 'application/json', ...signed };
    await postHttp({ url: address, headers: all, body, certificateAuthority, patience }, run);
  },
});
