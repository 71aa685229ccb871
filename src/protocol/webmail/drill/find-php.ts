import type { WebmailDatabase } from '../../../contract/drill.ts';
import type { Run } from '../../../contract/run.ts';
import { Fault } from '../../../model/fault.ts';
import { runProgram } from '../../../system/run-program.ts';
import type { ServiceIdentity } from '../../../system/started-service.ts';

/** Extensions of PHP that every Roundcube needs, and the Debian packages that have them. */
const extensions: Readonly<Record<string, string>> = {
  mbstring: 'php-mbstring',
  dom: 'php-xml',
  session: 'php-cli',
  json: 'php-cli',
  openssl: 'php-cli',
};

/** And for its tables. */
const drivers: Readonly<Record<WebmailDatabase['kind'], Readonly<Record<string, string>>>> = {
  mariadb: { pdo_mysql: 'php-mysql' },
  sqlite: { pdo_sqlite: 'php-sqlite3' },
};

/** Prints a line for each extension that is not there, and one for a file that it may not read. */
const question = `foreach (explode(',', $argv[1]) as $name) if (!extension_loaded($name)) echo "lacks $name\\n";
if (!is_readable($argv[2])) echo "closed\\n";`;

export type FoundPhp =
  | { readonly kind: 'ready' }
  | { readonly kind: 'missing'; readonly what: string }
  /** The file is not for this user. */
  | { readonly kind: 'closed' };

export interface PhpWish {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly identity: ServiceIdentity | undefined;
  readonly folder: string;
  /** What it has to be able to read. */
  readonly file: string;
  readonly kind: WebmailDatabase['kind'];
}

/** Looks whether PHP is there, with what Roundcube needs of it. Fault `server-unavailable` when it does not start. */
export const findPhp = async ({ file, kind, ...how }: PhpWish, run: Run): Promise<FoundPhp> => {
  const needed = { ...drivers[kind], ...extensions };
  const parameters = ['-r', question, '--', Object.keys(needed).join(','), file];
  const ended = await runProgram({ program: 'php', parameters, ...how, signal: run.signal });
  if (ended === undefined) return { kind: 'missing', what: 'PHP (php-cli)' };
  if (ended.code !== 0) {
    const said = `${ended.stdout}${ended.stderr}`.trim().slice(-300);
    throw new Fault('server-unavailable', `php does not start: ${said}`);
  }
  for (const [name, packageName] of Object.entries(needed)) {
    if (ended.stdout.includes(`lacks ${name}\n`)) return { kind: 'missing', what: `PHP ${name} (${packageName})` };
  }
  return ended.stdout.includes('closed\n') ? { kind: 'closed' } : { kind: 'ready' };
};
