import { dovecotSettings, valuesOf } from './settings.ts';

/** The databases that Dovecot or Postfix look accounts up in. */
export type SqlAccounts =
  | { readonly kind: 'mariadb' | 'postgres'; readonly database: string | undefined }
  | { readonly kind: 'sqlite'; readonly path: string };

const kinds: Readonly<Record<string, 'mariadb' | 'postgres' | 'sqlite'>> = {
  mysql: 'mariadb',
  pgsql: 'postgres',
  sqlite: 'sqlite',
};

/** Of a file such as `dovecot-sql.conf.ext`, or of the settings of 2.4. */
export const sqlAccounts = (text: string): readonly SqlAccounts[] => {
  const settings = dovecotSettings(text);
  return valuesOf(settings, 'driver', 'sql_driver').flatMap((driver): readonly SqlAccounts[] => {
    const kind = kinds[driver];
    if (kind === undefined) return [];
    const [connect = ''] = valuesOf(settings, 'connect');
    if (kind !== 'sqlite') {
      const database = /\bdbname=(\S+)/.exec(connect)?.[1] ?? valuesOf(settings, 'dbname')[0];
      return [{ kind, database }];
    }
    const path = connect === '' ? (valuesOf(settings, 'sqlite_path')[0] ?? '') : connect.split(/\s/)[0];
    return path?.startsWith('/') === true ? [{ kind, path }] : [];
  });
};
