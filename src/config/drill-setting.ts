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

/** What can stand behind `docker run` as an image. */
const imageSetting = (sample: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9][\w./:@-]{0,254}$/, { error: 'is no name of an image' })
    .optional()
    .meta({ description: 'The image that has it, which must be on this machine.', sample });

/** Where its programs are from. */
const containersSetting = z
  .strictObject({
    use: z.enum(['missing', 'prefer', 'never']).default('missing').meta({
      description:
        'Whether programs are started out of images: where they are not installed (missing), also where they are (prefer), or never.',
    }),
    engine: z.enum(['docker', 'podman']).optional().meta({
      description: 'Only this one. Without it, Docker and Podman are looked for.',
      sample: 'podman',
    }),
    images: z
      .strictObject({
        mariadb: imageSetting('mariadb:11.4').describe('For MariaDB and MySQL.'),
        postgres: imageSetting('postgres:16').describe('For PostgreSQL.'),
        redis: imageSetting('redis:7').describe('For Redis.'),
        dovecot: imageSetting('dovecot/dovecot:2.4').describe('For Dovecot and sievec.'),
      })
      .prefault({})
      .meta({
        description:
          "Images, which must be on this machine: nothing is fetched. Without one, that of the server's own container is used, else one of a usual name.",
        sample: { mariadb: 'mariadb:11.4' },
      }),
  })
  .prefault({})
  .meta({ description: 'Programs out of images that are on this machine: docs/drill.md.' });

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
      containers: containersSetting,
      folder: pathSetting(resolve).default('/var/tmp').meta({
        description: 'Where its scratch folder is made; it needs room for what is restored.',
      }),
    })
    .meta({
      description: 'How `mailkeep drill` tries whether its backups can be brought back, and when: docs/drill.md.',
    });
