import { Cron } from 'croner';
import { cronLine, type CronRule } from '../../model/schedule.ts';

/** When the first of these comes after a moment, in milliseconds since 1970; undefined: never, such as on 30 February. */
export const nextRun = (
  rules: readonly CronRule[],
  { after, timeZone }: { readonly after: number; readonly timeZone: string | undefined },
): number | undefined => {
  const times = rules.flatMap((rule) => {
    const cron = new Cron(cronLine(rule), timeZone === undefined ? {} : { timezone: timeZone });
    const next = cron.nextRun(new Date(after));
    return next === null ? [] : [next.getTime()];
  });
  return times.length === 0 ? undefined : Math.min(...times);
};
