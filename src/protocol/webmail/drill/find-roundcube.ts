import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface InstalledRoundcube {
  /** Its folder, absolute, without a slash at the end. */
  readonly folder: string;
  /** Below the folder: the page that all others are. */
  readonly page: string;
  /** `1.6.5`. */
  readonly version: string;
}

/** Debian; Fedora, Alpine and Arch; iRedMail; Mail-in-a-Box; and where people unpack it. */
const places: readonly string[] = [
  '/var/lib/roundcube',
  '/usr/share/roundcube',
  '/usr/share/roundcubemail',
  '/usr/share/webapps/roundcubemail',
  '/opt/www/roundcubemail',
  '/usr/local/lib/roundcubemail',
  '/var/www/roundcube',
  '/var/www/roundcubemail',
  '/var/www/html/roundcube',
  '/var/www/html/roundcubemail',
  '/opt/roundcube',
  '/opt/roundcubemail',
];

/** Undefined: it is not there, or not for us. */
const textOf = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').then(
    (text) => text,
    () => undefined,
  );

const installedIn = async (folder: string): Promise<InstalledRoundcube | undefined> => {
  const start = await textOf(join(folder, 'program/include/iniset.php'));
  const version = /define\('RCMAIL_VERSION', '([^']+)'\)/.exec(start ?? '')?.[1];
  if (version === undefined) return undefined;
  // Since 1.7 the page of the folder itself says no more than that it is not the one.
  for (const page of ['index.php', 'public_html/index.php']) {
    if (/iniset\.php/.test((await textOf(join(folder, page))) ?? '')) return { folder, page, version };
  }
  return undefined;
};

/** Roundcube where a package or a person has put it; undefined: nowhere. */
export const findRoundcube = async (): Promise<InstalledRoundcube | undefined> => {
  for (const place of places) {
    const installed = await installedIn(place);
    if (installed !== undefined) return installed;
  }
  return undefined;
};
