import { z } from 'zod';
import { secretSource } from '../contract/secret-source.ts';
import type { ResolvePath } from '../contract/setting.ts';
import { logSetting } from './log-setting.ts';
import { metricsSetting } from './metrics-setting.ts';
import { notificationList, refuseUnknownLogins, type TellsOfRuns, withNames } from './notification-list.ts';
import { timeFields } from './schedule-setting.ts';
import { type ReadsComponent, serverList, serverProblems } from './server-setting.ts';
import { settingName } from './setting-name.ts';
import { upkeepFields } from './upkeep-setting.ts';

interface NamesRepository {
  readonly repository?: string | undefined;
}

/** What each implementation brings: the shape of the entries that are its own. */
export interface SchemaParts<
  Account extends z.ZodType<NamesRepository>,
  Component extends z.ZodType<ReadsComponent>,
  Notification extends z.ZodType<TellsOfRuns>,
> {
  readonly account: Account;
  /** Of a server. */
  readonly component: Component;
  readonly notification: Notification;
}

/** A folder is made absolute as other paths are; what names a service (`s3:…`) stays as it is. */
const locationSetting = (resolve: ResolvePath) =>
  z
    .string()
    .min(1)
    .transform((location) => (/^[~/.]/.test(location) || !location.includes(':') ? resolve(location) : location));

const repositorySetting = (resolve: ResolvePath) =>
  z.strictObject({
    location: locationSetting(resolve).meta({
      description: "Where it is, in restic's notation: a folder, or s3:…, sftp:…, rest:…, rclone:…",
      sample: '/srv/backup/mail',
    }),
    password: secretSource(resolve)
      .optional()
      .meta({
        description: 'Its password. Without one, it is taken from the environment or asked for.',
        sample: { file: '~/.config/mailkeep/repository-password' },
        inSample: true,
      }),
    options: z
      .record(z.string().min(1), z.string())
      .default({})
      .meta({
        description: "What restic's -o says, such as s3.region.",
        sample: { 's3.region': 'us-west-2' },
      }),
    environment: z
      .record(z.string().regex(/^[A-Za-z_]\w*$/), secretSource(resolve))
      .default({})
      .meta({
        description:
          'Secrets that the storage looks for in variables of the environment, for this repository only; before those that are set.',
        sample: { AWS_SECRET_ACCESS_KEY: { file: '~/.config/mailkeep/aws-secret' } },
      }),
    ...upkeepFields,
    evidenceKeys: z
      .array(secretSource(resolve))
      .default([])
      .meta({
        description:
          'Keys of other machines whose notes of what was read back are believed here, besides those of this one.',
        sample: [{ file: '~/.config/mailkeep/evidence-key-of-nas' }],
      }),
    evidenceFrom: z.enum(['known', 'anybody']).default('known').meta({
      description:
        'Whose such notes forget goes by: of this machine and those of evidenceKeys, or of anybody who has the password.',
      sample: 'known',
    }),
  });

type RepositorySettings = Readonly<Record<string, z.output<ReturnType<typeof repositorySetting>>>>;

/** What is wrong between settings of repositories: where, and what. */
const upkeepProblems = (repositories: RepositorySettings): readonly (readonly [PropertyKey[], string])[] =>
  Object.entries(repositories).flatMap(([name, { copyTo, retention, verifyWithin }]) => {
    const known = Object.keys(repositories).filter((other) => other !== name);
    const others = known.length === 0 ? 'there is no other' : `there are: ${known.join(', ')}`;
    const copies = copyTo.flatMap((to, number): [PropertyKey[], string][] => {
      const path = ['repositories', name, 'copyTo', number];
      if (to === name) return [[path, 'is this repository itself']];
      return known.includes(to) ? [] : [[path, `is the name of no repository; ${others}`]];
    });
    if (retention === undefined || verifyWithin !== 'none') return copies;
    const message =
      'cannot be never where there is retention: nothing is forgotten unless a newer snapshot was read back';
    return [...copies, [['repositories', name, 'verifyWithin'], message]];
  });

interface NamedRepositories {
  readonly repositories: RepositorySettings;
  readonly defaultRepository?: string | undefined;
  readonly accounts: Readonly<Record<string, NamesRepository>>;
}

/** Repositories that are named and not there, and accounts that name none of several. */
const repositoryProblems = ({
  repositories,
  defaultRepository,
  accounts,
}: NamedRepositories): readonly (readonly [PropertyKey[], string])[] => {
  const names = Object.keys(repositories);
  const known = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
  const check = (name: string, path: PropertyKey[]): readonly (readonly [PropertyKey[], string])[] =>
    names.includes(name) ? [] : [[path, `is the name of no repository; ${known}`]];
  const several = `must name one of several repositories: ${names.join(', ')}; or set defaultRepository`;
  return [
    ...(defaultRepository === undefined ? [] : check(defaultRepository, ['defaultRepository'])),
    ...Object.entries(accounts).flatMap(([name, { repository }]): readonly (readonly [PropertyKey[], string])[] => {
      if (repository !== undefined) return check(repository, ['accounts', name, 'repository']);
      return names.length > 1 && defaultRepository === undefined ? [[['accounts', name], several]] : [];
    }),
  ];
};

/**
 * The one schema of `mailkeep.yaml`: validation, sample, JSON Schema and reference page are made from it. `resolve` makes
 * paths absolute while they are read.
 */
export const createConfigSchema = <
  Account extends z.ZodType<NamesRepository>,
  Component extends z.ZodType<ReadsComponent>,
  Notification extends z.ZodType<TellsOfRuns>,
>(
  parts: SchemaParts<Account, Component, Notification>,
  resolve: ResolvePath,
) =>
  z
    .strictObject({
      version: z.literal(1).meta({ description: 'The version of this file. Always 1 so far.', sample: 1 }),
      language: z.enum(['en', 'ja']).optional().meta({
        description: 'The language of messages and reports: English or Japanese. Default: that of the system.',
        sample: 'en',
      }),
      repositories: z.record(settingName, repositorySetting(resolve)).default({}).meta({
        description: 'Where backups go, each under a name of its own, by which -r knows it.',
        sampleName: 'main',
      }),
      defaultRepository: z.string().min(1).optional().meta({
        description: 'The one that is used when none is named. Needed only where there are several.',
        sample: 'main',
      }),
      accounts: z.record(settingName, parts.account).default({}).meta({
        description: 'Mail accounts, each under a name of its own.',
        sampleName: 'fastmail',
      }),
      servers: serverList(parts.component, resolve),
      ...timeFields,
      log: logSetting(resolve),
      notifications: notificationList(parts.notification),
      metrics: metricsSetting(resolve),
    })
    .superRefine((given, context) => {
      const problems = [
        ...upkeepProblems(given.repositories),
        ...serverProblems(given.servers, given),
        ...repositoryProblems(given),
      ];
      for (const [path, message] of problems) context.addIssue({ code: 'custom', path: [...path], message });
    })
    .superRefine(refuseUnknownLogins)
    .transform(({ notifications, ...settings }) => ({ ...settings, notifications: withNames(notifications) }));

export type RepositorySetting = z.output<ReturnType<typeof repositorySetting>>;
