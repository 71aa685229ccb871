import { liesIn } from '../path.ts';
import { commonFolder, type DovecotSetting, isOfHome, mailLocation, type MailLocation, valuesOf } from './settings.ts';

/** Where the mail of all users lies. */
export interface MailRoots {
  /** Absolute, none within another. */
  readonly roots: readonly string[];
  /** The homes of users are those of the system, and mail lies in them. */
  readonly isInSystemHomes: boolean;
  readonly drivers: readonly string[];
}

const locationsOf = (settings: readonly DovecotSetting[]): readonly MailLocation[] => [
  ...valuesOf(settings, 'mail_location', 'location').map(mailLocation),
  // Of 2.4, where form and path are settings of their own.
  ...valuesOf(settings, 'mail_path', 'mail_inbox_path', 'mail_control_path').map((path) => ({
    driver: valuesOf(settings, 'mail_driver')[0] ?? '',
    path,
    others: new Map<string, string>(),
  })),
];

/** Homes as settings name them: `mail_home`, and what a userdb gives to all. */
const homesOf = (settings: readonly DovecotSetting[]): readonly string[] => [
  ...valuesOf(settings, 'mail_home'),
  ...settings.filter(({ blocks, name }) => blocks.includes('userdb') && name === 'home').map(({ value }) => value),
  ...valuesOf(settings, 'args', 'default_fields', 'override_fields').flatMap(
    (value) => /(?:^|\s)home=(\S+)/.exec(value)?.[1] ?? [],
  ),
];

/** Homes of a passwd-file: `user:password:uid:gid:gecos:home:shell:more`. */
export const homesOfUsers = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .flatMap((line) => {
      const home = line.split(':')[5] ?? '';
      return home.startsWith('/') ? [home] : [];
    });

/** The deepest folder that has all of them, or each by itself where that would be the top of the disk. */
const together = (homes: readonly string[]): readonly string[] => {
  const [first = '', ...rest] = homes.map((home) => home.split('/').slice(1, -1));
  if (first === '') return [];
  const names = [...first];
  for (const other of rest) while (names.some((name, at) => other[at] !== name)) names.pop();
  return names.length >= 2
    ? [`/${names.join('/')}`]
    : [...new Set(homes.map((home) => `/${home.split('/').slice(1, 3).join('/')}`))];
};

const outermost = (paths: readonly string[]): readonly string[] =>
  [...new Set(paths)].filter((path) => !paths.some((other) => other !== path && liesIn(path, other)));

/** `users`: homes that files of users name. */
export const mailRoots = (settings: readonly DovecotSetting[], users: readonly string[]): MailRoots => {
  const locations = locationsOf(settings);
  const homes = homesOf(settings).flatMap((home) => commonFolder(home) ?? []);
  const paths = locations.flatMap(({ path, others }) => [path, others.get('CONTROL') ?? '', others.get('INBOX') ?? '']);
  const isInHomes = locations.length === 0 || paths.some(isOfHome);
  const known = [...homes, ...together(users)];
  const roots = outermost([...paths.flatMap((path) => commonFolder(path) ?? []), ...(isInHomes ? known : [])]);
  return {
    roots,
    isInSystemHomes: isInHomes && known.length === 0,
    drivers: [...new Set(locations.map(({ driver }) => driver).filter((driver) => driver !== ''))],
  };
};
