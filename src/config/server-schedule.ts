import { z } from 'zod';
import { type CronRule, ruleAt, weekDayNames, type WeekDay } from '../model/schedule.ts';

/** When a server is backed up; undefined: not by itself. */
export interface ServerSchedule {
  readonly daily: CronRule | undefined;
  readonly weekly: CronRule | undefined;
}

const dailySetting = z.string().transform((text, context): CronRule | undefined => {
  const rule = ruleAt(text, undefined);
  if (rule !== undefined || text === 'never') return rule;
  context.addIssue({ code: 'custom', message: 'must be a time of day such as 03:00, or never' });
  return z.NEVER;
});

const isWeekDay = (name: string): name is WeekDay => weekDayNames.some((day) => day === name);

const weeklyRule = (text: string): CronRule | undefined => {
  const match = /^([A-Za-z]{3})[A-Za-z]* +(\S+)$/.exec(text);
  const day = match?.[1]?.toLowerCase() ?? '';
  return match === null || !isWeekDay(day) ? undefined : ruleAt(match[2] ?? '', [day]);
};

const weeklySetting = z.string().transform((text, context): CronRule | undefined => {
  const rule = weeklyRule(text);
  if (rule !== undefined || text === 'never') return rule;
  context.addIssue({ code: 'custom', message: 'must be a day and a time such as "Sun 04:00", or never' });
  return z.NEVER;
});

/** `schedule:` of a server (requirement B14). */
export const serverScheduleSetting = z
  .strictObject({
    daily: dailySetting.prefault('03:00').meta({ description: 'When its daily backup begins, or never.' }),
    weekly: weeklySetting.prefault('Sun 04:00').meta({
      description: 'When a weekly one is made, of the daily one of that day; or never.',
    }),
  })
  .prefault({})
  .meta({ description: 'When `mailkeep schedule install` makes it run.' });
