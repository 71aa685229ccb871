import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecretSource } from '../contract/secret-source.ts';
import { Fault } from '../model/fault.ts';
import { parseBytes } from '../model/size.ts';

/** Where a password comes from, in the order in which the sources are asked. */
export type PasswordSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'value'; readonly password: string }
  /** As a configuration says it, which is looked at more strictly: others must not be able to read a file. */
  | { readonly kind: 'configured'; readonly source: SecretSource };

type Variables = Readonly<Record<string, string | undefined>>;

/** What the environment says: every variable of restic's that has a meaning here, and the same under `MAILKEEP_`. */
export interface Environment {
  readonly repository: string | undefined;
  readonly repositoryFile: string | undefined;
  readonly password: PasswordSource | undefined;
  readonly keyHint: string | undefined;
  /** The repository that `copy` reads: RESTIC_FROM_REPOSITORY and so on. */
  readonly from: {
    readonly repository: string | undefined;
    readonly repositoryFile: string | undefined;
    readonly password: PasswordSource | undefined;
    readonly keyHint: string | undefined;
  };
  readonly compression: 'off' | 'auto' | 'max' | undefined;
  /** Bytes. */
  readonly packSize: number | undefined;
  readonly host: string | undefined;
  /** Own folder for caches, of configuration, of data, and of what is remembered between runs (tokens, counts). */
  readonly cacheDirectory: string;
  readonly dataDirectory: string;
  readonly configDirectory: string;
  readonly stateDirectory: string;
  /** MAILKEEP_CONFIG: the configuration, in place of the usual places. */
  readonly configFile: string | undefined;
  readonly temporaryDirectory: string;
  /** Updates of the progress line per second; restic's RESTIC_PROGRESS_FPS. */
  readonly progressRate: number | undefined;
  /** Of MAILKEEP_LANG alone, which comes before the configuration; `language` has the locale as well. */
  readonly chosenLanguage: 'en' | 'ja' | undefined;
  readonly language: 'en' | 'ja';
  readonly color: boolean;
  readonly home: string;
  /** File of certificates to trust: RESTIC_CACERT. */
  readonly certificates: string | undefined;
  /** File with a certificate of our own and its key: RESTIC_TLS_CLIENT_CERT. */
  readonly clientCertificate: string | undefined;
  /** All of it, for what a storage's users expect to be honoured, such as AWS_REGION. */
  readonly variables: Variables;
}

const mebibyte = 1_048_576;

const configuration = (name: string, value: string, expected: string): Fault =>
  new Fault('configuration', `${name} is set to "${value}"`, { hint: `It must be ${expected}.`, context: { name } });

const compressionOf = (value: string | undefined): Environment['compression'] => {
  if (value === undefined) return undefined;
  if (value === 'off' || value === 'auto' || value === 'max') return value;
  throw configuration('RESTIC_COMPRESSION', value, 'off, auto or max');
};

/** restic counts RESTIC_PACK_SIZE in MiB. */
const packSizeOf = (value: string | undefined): number | undefined => {
  if (value === undefined) return undefined;
  const size = /^\d+$/.test(value) ? Number(value) * mebibyte : parseBytes(value);
  if (size === undefined || size < 4 * mebibyte || size > 128 * mebibyte) {
    throw configuration('RESTIC_PACK_SIZE', value, 'a number of MiB from 4 to 128');
  }
  return size;
};

/** A language of ours from a locale such as `ja_JP.UTF-8`. */
const languageOf = (locale: string | undefined): 'en' | 'ja' => (locale?.startsWith('ja') === true ? 'ja' : 'en');

const passwordSource = (
  either: (name: string) => string | undefined,
  prefix: '' | 'FROM_',
): PasswordSource | undefined => {
  const path = either(`${prefix}PASSWORD_FILE`);
  if (path !== undefined) return { kind: 'file', path };
  const command = either(`${prefix}PASSWORD_COMMAND`);
  if (command !== undefined) return { kind: 'command', command };
  const password = either(`${prefix}PASSWORD`);
  return password === undefined ? undefined : { kind: 'value', password };
};

/** Reads the process's environment; nothing else in the program does. */
export const readEnvironment = (variables: Variables = process.env): Environment => {
  const present = (name: string): string | undefined => variables[name] || undefined;
  const either = (name: string): string | undefined => present(`MAILKEEP_${name}`) ?? present(`RESTIC_${name}`);
  const home = present('HOME') ?? homedir();
  return {
    repository: either('REPOSITORY'),
    repositoryFile: either('REPOSITORY_FILE'),
    password: passwordSource(either, ''),
    keyHint: either('KEY_HINT'),
    from: {
      repository: either('FROM_REPOSITORY'),
      repositoryFile: either('FROM_REPOSITORY_FILE'),
      password: passwordSource(either, 'FROM_'),
      keyHint: either('FROM_KEY_HINT'),
    },
    compression: compressionOf(either('COMPRESSION')),
    packSize: packSizeOf(either('PACK_SIZE')),
    host: either('HOST'),
    cacheDirectory: either('CACHE_DIR') ?? join(present('XDG_CACHE_HOME') ?? join(home, '.cache'), 'mailkeep'),
    dataDirectory: join(present('XDG_DATA_HOME') ?? join(home, '.local', 'share'), 'mailkeep'),
    configDirectory: join(present('XDG_CONFIG_HOME') ?? join(home, '.config'), 'mailkeep'),
    stateDirectory: join(present('XDG_STATE_HOME') ?? join(home, '.local', 'state'), 'mailkeep'),
    configFile: present('MAILKEEP_CONFIG'),
    temporaryDirectory: present('TMPDIR') ?? tmpdir(),
    progressRate: Number(either('PROGRESS_FPS')) || undefined,
    chosenLanguage: present('MAILKEEP_LANG') === undefined ? undefined : languageOf(present('MAILKEEP_LANG')),
    language: languageOf(present('MAILKEEP_LANG') ?? present('LC_ALL') ?? present('LC_MESSAGES') ?? present('LANG')),
    color: present('NO_COLOR') === undefined && present('TERM') !== 'dumb',
    home,
    certificates: either('CACERT'),
    clientCertificate: either('TLS_CLIENT_CERT'),
    variables,
  };
};
