import { z } from 'zod';
import { isTimeZone } from '../model/local-time.ts';
import { type CronRule, parseCron, ruleAt, weekDayNames } from '../model/schedule.ts';

const timeZoneSetting = z
  .string()
  .refine(isTimeZone, { error: 'is no time zone that is known here, such as Europe/Berlin or UTC' });

/** When runs begin. */
export interface Schedule {
  /** Any of them. */
  readonly rules: readonly CronRule[];
  /** Seconds. */
  readonly randomDelay: number;
}

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

const delaySetting = z
  .string()
  .regex(/^\d{1,4}[smh]$/, { error: 'must be a time such as 90s, 15m or 1h' })
  .transform((text) => Number(text.slice(0, -1)) * (units[text.slice(-1)] ?? 0))
  .refine((seconds) => seconds <= 12 * 3600, { error: 'must be at most 12h' });

const noTime = 'must be a time of day such as 03:00, a list of them, or a cron expression of five fields';

/** `schedule:`. */
const scheduleSetting = z
  .strictObject({
    at: z.union([z.string(), z.array(z.string()).min(1)], { error: noTime }).meta({
      description: 'A time of day, a list of them, or the five fields of a cron expression such as "30 3 * * 1-5".',
      sample: '03:00',
    }),
    days: z
      .array(z.enum(weekDayNames))
      .min(1)
      .optional()
      .meta({
        description: 'Only on these days of the week. Default: every day. Not with a cron expression.',
        sample: ['mon', 'wed', 'fri'],
      }),
    randomDelay: delaySetting.prefault('0s').meta({
      description: 'Begin later by a random time up to this, so that not everybody asks a provider at once.',
      sample: '15m',
    }),
  })
  .transform(({ at, days, randomDelay }, context): Schedule => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    const isCron = typeof at === 'string' && /\s/.test(at.trim());
    if (isCron && days !== undefined)
      refuse('days', 'cannot stand beside a cron expression, which has days of its own');
    const rules = isCron ? [parseCron(at)] : [at].flat().map((time) => ruleAt(time, days));
    const known = rules.filter((rule) => rule !== undefined);
    if (known.length < rules.length) refuse('at', noTime);
    return { rules: known, randomDelay };
  });

/** What of the configuration is about time. */
export const timeFields = {
  timeZone: timeZoneSetting.optional().meta({
    description: 'The time zone of the schedule, of reports and logs. Default: that of the system.',
    sample: 'Europe/Berlin',
  }),
  schedule: scheduleSetting.optional().meta({
    description: 'When `mailkeep schedule install` makes it run. Default: every day at 03:00, up to 15 minutes later.',
  }),
};
