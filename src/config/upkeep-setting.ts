import { z } from 'zod';
import {
  bucketNames,
  isEmptyPolicy,
  type KeepSpan,
  parseKeepSpan,
  parseTagList,
  type RetentionPolicy,
} from '../model/retention-policy.ts';
import { parseUnusedLimit, type UnusedLimit, usualUnusedLimit } from '../model/unused-limit.ts';

const day = 86_400_000;
const units = { h: 3_600_000, d: day, w: 7 * day } as const;

/** In milliseconds. */
type Span = number | 'none';

/** `12h`, `30d` or `2w`, or the word that stands for none. */
const spanSetting = (none: 'never' | 'off' = 'never') =>
  z
    .string()
    .regex(new RegExp(`^(?:[1-9]\\d{0,4}[hdw]|${none})$`), {
      error: `must be a time such as 12h, 30d or 2w, or ${none}`,
    })
    .transform((text): Span => {
      const unit = text.at(-1);
      return unit === 'h' || unit === 'd' || unit === 'w' ? Number(text.slice(0, -1)) * units[unit] : 'none';
    });

const keepCount = (description: string, sample?: number) =>
  z
    .union([z.int().min(1), z.literal('unlimited')], { error: 'must be a number from 1 on, or unlimited' })
    .optional()
    .meta(sample === undefined ? { description } : { description, sample });

const keepSpan = (description: string) =>
  z
    .string()
    .regex(/^(?:\d{1,9}[ymdh])+$/, { error: 'must be a span such as 30d or 1y5m7d2h: years, months, days, hours' })
    .transform((text): KeepSpan => parseKeepSpan(text))
    .optional()
    .meta({ description });

const retentionFields = z.strictObject({
  keepLast: keepCount('The newest so many.'),
  keepHourly: keepCount('The newest of each of the last so many hours that have one.'),
  keepDaily: keepCount('The newest of each of the last so many days that have one.', 30),
  keepWeekly: keepCount('The newest of each of the last so many weeks that have one.', 12),
  keepMonthly: keepCount('The newest of each of the last so many months that have one.', 24),
  keepYearly: keepCount('The newest of each of the last so many years that have one.', 10),
  keepWithin: keepSpan('All of such a span, up to the newest.'),
  keepWithinHourly: keepSpan('The newest of each hour of such a span.'),
  keepWithinDaily: keepSpan('The newest of each day of such a span.'),
  keepWithinWeekly: keepSpan('The newest of each week of such a span.'),
  keepWithinMonthly: keepSpan('The newest of each month of such a span.'),
  keepWithinYearly: keepSpan('The newest of each year of such a span.'),
  keepTags: z
    .array(z.string().min(1))
    .default([])
    .meta({ description: 'Those with one of these tags; with several joined by commas, those with all of them.' }),
});

const policyOf = (given: z.output<typeof retentionFields>): RetentionPolicy => ({
  tags: given.keepTags.map(parseTagList),
  last: given.keepLast,
  within: given.keepWithin,
  buckets: {
    hourly: given.keepHourly,
    daily: given.keepDaily,
    weekly: given.keepWeekly,
    monthly: given.keepMonthly,
    yearly: given.keepYearly,
  },
  bucketsWithin: {
    hourly: given.keepWithinHourly,
    daily: given.keepWithinDaily,
    weekly: given.keepWithinWeekly,
    monthly: given.keepWithinMonthly,
    yearly: given.keepWithinYearly,
  },
});

const retentionSetting = retentionFields.transform((given, context): RetentionPolicy => {
  const policy = policyOf(given);
  if (!isEmptyPolicy(policy)) return policy;
  const rules = ['keepLast', ...bucketNames.map((name) => `keep${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`)];
  context.addIssue({ code: 'custom', message: `keeps nothing: give at least one of ${rules.join(', ')}, keepWithin…` });
  return z.NEVER;
});

const unusedSetting = z.string().transform((text, context): UnusedLimit => {
  const limit = parseUnusedLimit(text);
  if (limit !== undefined) return limit;
  context.addIssue({
    code: 'custom',
    message: 'must be a share below 100% such as 5%, a size such as 1G, or unlimited',
  });
  return z.NEVER;
});

const priceSetting = z.strictObject({
  perGigabyteMonth: z.number().min(0).meta({ description: 'For 1,000,000,000 bytes a month.', sample: 0.006 }),
  currency: z.string().min(1).max(8).default('USD').meta({ description: 'Of the price.', sample: 'USD' }),
});

/** What `mailkeep run` and `mailkeep maintain` do in a repository besides captures. */
export const upkeepFields = {
  appendOnly: z.boolean().default(false).meta({
    description: 'run leaves out what removes anything, and leaves it to mailkeep maintain, run elsewhere.',
  }),
  verifyWithin: spanSetting().prefault('30d').meta({
    description: 'Within this time all data is read back, a part in each run; or never.',
    sample: '30d',
  }),
  settleFor: spanSetting('off').optional().meta({
    description:
      'A snapshot that came less than so long ago lets no other go; or off. Default: 7d with appendOnly, otherwise off.',
    sample: '7d',
  }),
  retention: retentionSetting.optional().meta({
    description: 'Which snapshots stay. Without it all do. None leaves unless a newer one was read back.',
    sample: { keepDaily: 30, keepWeekly: 12, keepMonthly: 24, keepYearly: 10 },
  }),
  pruneEvery: spanSetting().optional().meta({
    description: 'How often space is given back, which takes long; or never. Default: 7d where there is retention.',
    sample: '7d',
  }),
  maxUnused: unusedSetting.prefault('5%').meta({
    description: 'Unused data that may stay rather than be packed anew: 5%, 1G, unlimited.',
    sample: '5%',
  }),
  holdFor: spanSetting().optional().meta({
    description: 'In a bucket with Object Lock: everything is held back from deletion for so long from each run on.',
    sample: '60d',
  }),
  copyTo: z
    .array(z.string().min(1))
    .default([])
    .meta({
      description:
        'New snapshots are copied into these repositories, by their names. They keep them by rules of their own.',
      sample: ['offsite'],
    }),
  price: priceSetting.optional().meta({ description: 'What the storage costs, for the report.' }),
};

/** What of the upkeep is done, with everything filled in. Times in milliseconds; undefined: never. */
export interface UpkeepSetting {
  readonly appendOnly: boolean;
  readonly verifyWithin: number | undefined;
  readonly settleFor: number | undefined;
  readonly retention: RetentionPolicy | undefined;
  readonly pruneEvery: number | undefined;
  readonly maxUnused: UnusedLimit;
  readonly holdFor: number | undefined;
  readonly copyTo: readonly string[];
  readonly price: { readonly perGigabyteMonth: number; readonly currency: string } | undefined;
}

type UpkeepFields = z.output<z.ZodObject<typeof upkeepFields>>;

const orUndefined = (span: Span | undefined): number | undefined => (span === 'none' ? undefined : span);

/** What a repository's part of the configuration says of its upkeep. */
export const upkeepOf = (given: UpkeepFields): UpkeepSetting => {
  const { appendOnly, verifyWithin, settleFor, retention, pruneEvery, maxUnused, holdFor, copyTo, price } = given;
  return {
    appendOnly,
    verifyWithin: orUndefined(verifyWithin),
    settleFor: orUndefined(settleFor ?? (appendOnly ? 7 * day : 'none')),
    retention,
    pruneEvery: orUndefined(pruneEvery ?? (retention === undefined ? 'none' : 7 * day)),
    maxUnused,
    holdFor: orUndefined(holdFor),
    copyTo,
    price,
  };
};

/** Of a repository of which the configuration says nothing. */
export const usualUpkeep: UpkeepSetting = {
  appendOnly: false,
  verifyWithin: 30 * day,
  settleFor: undefined,
  retention: undefined,
  pruneEvery: undefined,
  maxUnused: usualUnusedLimit,
  holdFor: undefined,
  copyTo: [],
  price: undefined,
};
