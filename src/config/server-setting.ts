import { normalize } from 'node:path';
import { z } from 'zod';
import { pathSetting, type ResolvePath } from '../contract/setting.ts';
import { alarmSetting } from './alarm-setting.ts';
import { diskSetting } from './disk-setting.ts';
import { drillSetting } from './drill-setting.ts';
import { gentleSetting } from './gentle-setting.ts';
import { nearestName } from './nearest-name.ts';
import { serverScheduleSetting } from './server-schedule.ts';
import { settingName } from './setting-name.ts';
import { stopSetting } from './stop-setting.ts';

/** A component as an implementation reads it; `form` is absent where its name says it. */
export type ReadsComponent =
  | {
      readonly kind: 'files';
      /** Relative ones begin at the root of the server. */
      readonly folders: Readonly<Record<string, string>>;
      readonly files: readonly string[];
      readonly form?: 'tree' | 'archive' | undefined;
    }
  | { readonly kind: 'database' };

/** How the components of design 3.1 lie on a disk. */
const usualForms: Readonly<Record<string, 'tree' | 'archive'>> = {
  mail: 'tree',
  logs: 'tree',
  scripts: 'tree',
  config: 'archive',
  ssl: 'archive',
  dkim: 'archive',
};

export const formOf = (name: string, form: 'tree' | 'archive' | undefined): 'tree' | 'archive' =>
  form ?? usualForms[name] ?? 'tree';

/** Its folder lies beside files of ours. */
const ownNames: readonly string[] = ['checksums.sha256', 'backup.log', 'backup-metadata.json'];

const componentName = z
  .string()
  .regex(/^[A-Za-z][\w.+-]{0,63}$/, {
    error: 'is no name of a component: it must begin with a letter, and have only letters, digits and . _ + - in it',
  })
  .refine((name) => !ownNames.includes(name), { error: 'is the name of a file of ours in each backup' });

const retrySetting = z
  .string()
  .regex(/^\d{1,4}[sm]$/, { error: 'must be a time such as 10s or 2m' })
  .transform((text) => Number(text.slice(0, -1)) * (text.endsWith('m') ? 60_000 : 1000));

type Issue = readonly [path: readonly PropertyKey[], message: string];

interface GivenServer {
  readonly root?: string | undefined;
  readonly components: Readonly<Record<string, ReadsComponent>>;
  readonly disk?: object | undefined;
  readonly repository?: string | undefined;
}

/** An unknown name may be a mistake: which form it is to have is asked for then. */
const nameProblem = (name: string, setting: ReadsComponent): readonly Issue[] => {
  if (setting.kind !== 'files' || setting.form !== undefined || Object.hasOwn(usualForms, name)) return [];
  const known = Object.keys(usualForms);
  const nearest = nearestName(name, known);
  const advice = nearest === undefined ? '' : `; is ${nearest} meant?`;
  return [[['components', name], `is none of ${known.join(', ')}, so it must have a form, tree or archive${advice}`]];
};

const outsideProblem = (path: string, root: string | undefined): string | undefined => {
  if (path.startsWith('/')) return undefined;
  if (root === undefined) return 'is relative, and the server has no root that it could begin at';
  if (!/^\.\.(?:\/|$)/.test(normalize(path))) return undefined;
  return `leads out of ${root}; where that is meant, write the whole path`;
};

/** Each path of a component, with the setting that it stands in. */
const placesOf = (name: string, setting: ReadsComponent): readonly (readonly [readonly PropertyKey[], string])[] =>
  setting.kind === 'files'
    ? [
        ...Object.entries(setting.folders).map(
          ([folder, path]) => [['components', name, 'folders', folder], path] as const,
        ),
        ...setting.files.map((path, at) => [['components', name, 'files', at], path] as const),
      ]
    : [];

const placeProblems = ({ components, root }: GivenServer): readonly Issue[] => {
  const seen = new Map<string, string>();
  return Object.entries(components)
    .flatMap(([name, setting]) => placesOf(name, setting))
    .flatMap(([path, place]): readonly Issue[] => {
      const outside = outsideProblem(place, root);
      if (outside !== undefined) return [[path, outside]];
      const whole = normalize(place.startsWith('/') ? place : `${root ?? ''}/${place}`).replace(/(?<=.)\/$/, '');
      const earlier = seen.get(whole);
      if (earlier !== undefined) return [[path, `is the same path as ${earlier}`]];
      seen.set(whole, path.map(String).join('.'));
      return [];
    });
};

/** A file lies beside the folders of its component. */
const lastName = (path: string): string => normalize(path).replace(/\/$/, '').replace(/^.*\//, '');

const nameClashes = ({ components }: GivenServer): readonly Issue[] =>
  Object.entries(components).flatMap(([name, setting]): readonly Issue[] => {
    if (setting.kind !== 'files') return [];
    const taken = new Set(Object.keys(setting.folders));
    return setting.files.flatMap((path, at): readonly Issue[] => {
      const own = lastName(path);
      const isTaken = taken.has(own);
      taken.add(own);
      return isTaken ? [[['components', name, 'files', at], `would lie as ${own} beside another of that name`]] : [];
    });
  });

const problemsOf = (given: GivenServer): readonly Issue[] => {
  const { components, disk, repository } = given;
  const none: Issue = [['components'], 'is empty: there is nothing to back up'];
  const nowhere: Issue = [[], 'has no destination: give it a disk, a repository, or both'];
  return [
    ...(Object.keys(components).length === 0 ? [none] : []),
    ...(disk === undefined && repository === undefined ? [nowhere] : []),
    ...Object.entries(components).flatMap(([name, setting]) => nameProblem(name, setting)),
    ...placeProblems(given),
    ...nameClashes(given),
  ];
};

/** An entry of `servers:`. */
const serverSetting = <Component extends z.ZodType<ReadsComponent>>(component: Component, resolve: ResolvePath) =>
  z
    .strictObject({
      root: pathSetting(resolve).optional().meta({
        description: 'Where relative folders and files of its components begin.',
        sample: '/opt/mailserver',
        inSample: true,
      }),
      components: z.record(componentName, component).meta({
        description:
          'What is backed up, each part under a name of its own and in this order: mail, mysql, postgres, config, ssl, dkim, logs, scripts, or another with a form.',
        sample: { mail: { folders: { vmail: 'data/mail/vmail' } }, config: { folders: { config: 'config' } } },
      }),
      disk: diskSetting(resolve).optional().meta({
        description: 'A disk with a folder for each day, which can be read without any tool.',
      }),
      repository: z.string().min(1).optional().meta({
        description:
          'The repository that the finished backup goes to, or the components themselves where there is no disk.',
        sample: 'main',
      }),
      stop: stopSetting(resolve).optional(),
      schedule: serverScheduleSetting,
      gentle: gentleSetting,
      alarms: alarmSetting,
      drill: drillSetting(resolve).optional(),
      retries: z
        .array(retrySetting)
        .max(10)
        .prefault(['10s', '20s', '40s'])
        .meta({ description: 'A component that fails is tried again after each of these.' }),
    })
    .superRefine((given, context) => {
      for (const [path, message] of problemsOf(given)) context.addIssue({ code: 'custom', path: [...path], message });
    });

/** `servers:`. */
export const serverList = <Component extends z.ZodType<ReadsComponent>>(component: Component, resolve: ResolvePath) =>
  z
    .record(settingName, serverSetting(component, resolve))
    .default({})
    .meta({
      description: 'Whole mail servers, each under a name of its own: docs/mail-server.md.',
      sample: {
        mailserver: {
          root: '/opt/mailserver',
          components: { mail: { folders: { vmail: 'data/mail/vmail' } }, config: { folders: { config: 'config' } } },
          disk: { path: '/mnt/backup-hdd/mailserver' },
        },
      },
    });

interface NamesRepository {
  readonly repository?: string | undefined;
}

/** What is wrong between servers, accounts and repositories: `run NAME` has to know which one is meant. */
export const serverProblems = (
  servers: Readonly<Record<string, NamesRepository>>,
  { accounts, repositories }: { readonly accounts: object; readonly repositories: object },
): readonly Issue[] => {
  const names = Object.keys(repositories);
  const known = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
  return Object.entries(servers).flatMap(([name, { repository }]): readonly Issue[] => [
    ...(Object.hasOwn(accounts, name) ? [[['servers', name], 'is the name of an account, too'] as const] : []),
    ...(repository === undefined || names.includes(repository)
      ? []
      : [[['servers', name, 'repository'], `is the name of no repository; ${known}`] as const]),
  ]);
};
