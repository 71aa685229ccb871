import { join } from 'node:path';
import type { WebmailDatabase } from '../../../contract/drill.ts';
import type { InstalledRoundcube } from './find-roundcube.ts';

/** By this name its users' mail server is known to it. */
export const mailHost = '127.0.0.1';

export const configurationFolder = 'configuration';
export const routerFile = 'router.php';

export interface RoundcubePlace {
  /** Absolute: what it is started with. */
  readonly folder: string;
  /** Absolute: where it may write. */
  readonly data: string;
}

/** A text in PHP. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** As a part of an address that says what is what by brackets, too. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[()]/g, (bracket) => (bracket === '(' ? '%28' : '%29'));

/** `mysql://user:password@unix(/run/socket)/database`, `sqlite:////file`. */
const sourceOf = (wanted: WebmailDatabase): string => {
  if (wanted.kind === 'sqlite') return `sqlite:///${wanted.file.split('/').map(encoded).join('/')}?mode=0600`;
  const { socket, user, password, database } = wanted;
  return `mysql://${encoded(user)}:${encoded(password.reveal())}@unix(${encoded(socket)})/${encoded(database)}`;
};

/** What it is told: nothing of the live system, and no way out of this machine. */
export const settingsFile = (
  { data }: RoundcubePlace,
  { database, mailPort, key }: { readonly database: WebmailDatabase; readonly mailPort: number; readonly key: string },
): string => {
  const texts: Readonly<Record<string, string>> = {
    db_dsnw: sourceOf(database),
    db_dsnr: '',
    db_prefix: '',
    // Until 1.5 the port has a setting of its own.
    default_host: mailHost,
    imap_host: `${mailHost}:${mailPort}`,
    smtp_host: '',
    smtp_server: '',
    des_key: key,
    log_driver: 'file',
    log_dir: join(data, 'logs'),
    temp_dir: join(data, 'temp'),
    language: 'en_US',
    session_storage: 'db',
  };
  const others: Readonly<Record<string, string>> = {
    default_port: String(mailPort),
    plugins: '[]',
    auto_create_user: 'true',
    enable_installer: 'false',
    force_https: 'false',
    ip_check: 'false',
  };
  return [
    '<?php',
    ...Object.entries(texts).map(([name, text]) => `$config[${quoted(name)}] = ${quoted(text)};`),
    ...Object.entries(others).map(([name, value]) => `$config[${quoted(name)}] = ${value};`),
    '',
  ].join('\n');
};

/** What answers each request: the one page, with this configuration. Its files are nobody's to fetch. */
export const routerText = ({ folder }: RoundcubePlace, { folder: program, page }: InstalledRoundcube): string =>
  [
    '<?php',
    "if (!in_array(parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH), ['/', '/index.php'], true)) {",
    '    http_response_code(404);',
    '    exit;',
    '}',
    `define('INSTALL_PATH', ${quoted(`${program}/`)});`,
    `define('RCMAIL_CONFIG_DIR', ${quoted(join(folder, configurationFolder))});`,
    `$_SERVER['SCRIPT_FILENAME'] = INSTALL_PATH . ${quoted(page)};`,
    "$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';",
    'chdir(INSTALL_PATH);',
    "require $_SERVER['SCRIPT_FILENAME'];",
    '',
  ].join('\n');

/** How PHP is started: its errors in the log and not on the page, without what functions were called with. */
export const phpParameters = ({ folder, data }: RoundcubePlace, port: number): readonly string[] => [
  ...[
    'display_errors=0',
    'log_errors=1',
    `error_log=${join(data, 'logs/errors.log')}`,
    'zend.exception_ignore_args=1',
    `sys_temp_dir=${join(data, 'temp')}`,
    `upload_tmp_dir=${join(data, 'temp')}`,
    'auto_prepend_file=',
    'auto_append_file=',
    'open_basedir=',
    'memory_limit=256M',
  ].flatMap((setting) => ['-d', setting]),
  '-S',
  `127.0.0.1:${port}`,
  '-t',
  data,
  join(folder, routerFile),
];
