import { z } from 'zod';
import { secretSource } from '../contract/secret-source.ts';
import { pathSetting, type ResolvePath } from '../contract/setting.ts';
import { parseSample, type SampleWish } from '../model/drill/sample.ts';
import { type CronRule, parseCron } from '../model/schedule.ts';

/** At five, when the nights are over. */
const namedTimes: Readonly<Record<string, string>> = {
  quarterly: '0 5 1 1,4,7,10 *',
  monthly: '0 5 1 * *',
  weekly: '0 5 * * 0',
};

const scheduleSetting = z.string().transform((text, context): CronRule | undefined => {
  if (text === 'never') return undefined;
  const rule = parseCron(Object.hasOwn(namedTimes, text) ? (namedTimes[text] ?? '') : text);
  if (rule !== undefined) return rule;
  const message = 'must be quarterly, monthly, weekly, never, or the five fields of a cron expression';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const sampleSetting = z.string().transform((text, context): SampleWish => {
  const sample = parseSample(text);
  if (sample !== undefined) return sample;
  context.addIssue({ code: 'custom', message: 'must be a share such as 5%, or a number of messages such as "2000"' });
  return z.NEVER;
});

/** Schemes of hashes, as Dovecot calls them. */
const scheme = z.string().regex(/^[A-Za-z0-9.-]{1,40}$/, { error: 'must be the name of a scheme, such as CRYPT' });

/** `drill:` of a server (requirement B12). */
export const drillSetting = (resolve: ResolvePath) =>
  z
    .strictObject({
      schedule: scheduleSetting.prefault('quarterly').meta({
        description:
          'When `mailkeep schedule install` makes it drill: quarterly, monthly, weekly, never, or a cron expression.',
      }),
      sample: sampleSetting.optional().meta({
        description: 'How much of the mail is restored: a share, or a number of messages. Default: all.',
        sample: '5%',
      }),
      logins: z
        .record(z.string().min(1), secretSource(resolve))
        .default({})
        .meta({
          description: 'Accounts that log in with their own passwords, by their addresses.',
          sample: { 'drill@example.com': { file: '~/.config/mailkeep/drill-password' } },
        }),
      accounts: z.string().min(1).optional().meta({
        description:
          'A query that yields the address and the password hash of each account. Without it, the usual tables are looked for.',
        sample: 'SELECT email, password FROM mailserver.people',
      }),
      scheme: scheme.default('CRYPT').meta({ description: 'The scheme of hashes that name none.' }),
      folder: pathSetting(resolve).default('/var/tmp').meta({
        description: 'Where its scratch folder is made; it needs room for what is restored.',
      }),
    })
    .meta({
      description: 'How `mailkeep drill` tries whether its backups can be brought back, and when: docs/drill.md.',
    });
