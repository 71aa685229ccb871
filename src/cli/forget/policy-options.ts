import { type Command, InvalidArgumentError } from 'commander';
import { Fault } from '../../model/fault.ts';
import {
  bucketNames,
  type BucketName,
  type KeepCount,
  type KeepSpan,
  parseKeepCount,
  parseKeepSpan,
  parseTagList,
  type RetentionPolicy,
} from '../../model/retention-policy.ts';

type Capital<Name extends string> = Capitalize<Name>;

/** What commander makes of the `--keep-…` options. */
export type PolicyOptions = {
  readonly keepLast?: KeepCount;
  readonly keepWithin?: KeepSpan;
  readonly keepTag: readonly (readonly string[])[];
} & { readonly [Name in BucketName as `keep${Capital<Name>}`]?: KeepCount } & {
  readonly [Name in BucketName as `keepWithin${Capital<Name>}`]?: KeepSpan;
};

/** A parser's complaint in commander's own way, which names the option. */
const argument =
  <Value>(parse: (text: string) => Value) =>
  (text: string): Value => {
    try {
      return parse(text);
    } catch (error) {
      throw error instanceof Fault ? new InvalidArgumentError(error.hint ?? error.message) : error;
    }
  };

const shortNames = { hourly: 'H', daily: 'd', weekly: 'w', monthly: 'm', yearly: 'y' } as const;
const periods = { hourly: 'hours', daily: 'days', weekly: 'weeks', monthly: 'months', yearly: 'years' } as const;

/** restic's options, short names included. */
export const addPolicyOptions = (command: Command): Command => {
  command.option('-l, --keep-last <n>', 'keep the newest n, or “unlimited”', argument(parseKeepCount));
  for (const name of bucketNames) {
    command.option(
      `-${shortNames[name]}, --keep-${name} <n>`,
      `keep the newest of each of the last n ${periods[name]} that have one`,
      argument(parseKeepCount),
    );
  }
  command.option(
    '--keep-within <span>',
    'keep all of the last span (1y5m7d2h), up to the newest',
    argument(parseKeepSpan),
  );
  for (const name of bucketNames) {
    command.option(
      `--keep-within-${name} <span>`,
      `keep the newest of each of the ${periods[name]} of the last span`,
      argument(parseKeepSpan),
    );
  }
  return command.option(
    '--keep-tag <tag,...>',
    'keep those with all these tags (may be repeated: or)',
    (text: string, earlier: readonly (readonly string[])[]) => [...earlier, parseTagList(text)],
    [],
  );
};

export const policyOf = (options: PolicyOptions): RetentionPolicy => ({
  tags: options.keepTag,
  last: options.keepLast,
  within: options.keepWithin,
  buckets: {
    hourly: options.keepHourly,
    daily: options.keepDaily,
    weekly: options.keepWeekly,
    monthly: options.keepMonthly,
    yearly: options.keepYearly,
  },
  bucketsWithin: {
    hourly: options.keepWithinHourly,
    daily: options.keepWithinDaily,
    weekly: options.keepWithinWeekly,
    monthly: options.keepWithinMonthly,
    yearly: options.keepWithinYearly,
  },
});
