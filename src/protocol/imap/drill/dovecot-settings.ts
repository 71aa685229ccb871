import type { MailKeyPair, MailSockets } from '../../../contract/drill.ts';

/** Where it speaks IMAP: on a port of 127.0.0.1, or in a container on a socket, absolute. */
export type DovecotListen =
  | { readonly kind: 'port'; readonly port: number }
  | { readonly kind: 'socket'; readonly path: string };

export interface DovecotWish {
  /** Absolute; all that Dovecot writes of its own lies below it. */
  readonly folder: string;
  readonly listen: DovecotListen;
  /** Who runs it; undefined: the superuser does, and Dovecot gives up its rights by itself. */
  readonly user: { readonly name: string; readonly group: string } | undefined;
  /** The scheme of hashes that name none. */
  readonly scheme: string;
  /** Of encrypted mail. */
  readonly keys: MailKeyPair | undefined;
  /** Where it takes mail and answers for logins of a mail transport, with the user of that; undefined: it takes none. */
  readonly transport: (MailSockets & { readonly user: string }) | undefined;
}

/** Files of users and of the master user, below the folder. */
export const usersFile = 'users';
export const mastersFile = 'masters';
/** Stands between the address of a mailbox and the master user. */
export const masterSeparator = '*';

const common = ({ folder }: DovecotWish): readonly string[] => [
  `base_dir = ${folder}/run`,
  `state_dir = ${folder}/state`,
  `log_path = ${folder}/dovecot.log`,
  'listen = 127.0.0.1',
  'ssl = no',
  'auth_mechanisms = plain',
  `auth_master_user_separator = ${masterSeparator}`,
  'auth_failure_delay = 0',
  'first_valid_uid = 1',
  'mail_fsync = never',
];

/** Sockets that the mail transport alone may use. */
const transportServices = ({ transport }: DovecotWish): readonly string[] => {
  if (transport === undefined) return [];
  const listener = (service: string, socket: string): readonly string[] => [
    `service ${service} {`,
    `  unix_listener ${socket} {`,
    '    mode = 0600',
    `    user = ${transport.user}`,
    '  }',
    '}',
  ];
  return [
    ...listener('lmtp', transport.delivery),
    ...listener('auth', transport.logins),
    'postmaster_address = postmaster@drill.invalid',
    'hostname = drill.invalid',
  ];
};

const services = ({ listen, user }: DovecotWish): readonly string[] => [
  'service imap-login {',
  ...(user === undefined ? [] : ['  chroot =']),
  '  inet_listener imap {',
  `    port = ${listen.kind === 'port' ? listen.port : 0}`,
  '  }',
  '  inet_listener imaps {',
  '    port = 0',
  '  }',
  ...(listen.kind === 'port' ? [] : [`  unix_listener ${listen.path} {`, '    mode = 0600', '  }']),
  '}',
  // Its files hold hashes, and are for the superuser alone.
  ...(user === undefined
    ? ['service auth {', '  user = root', '}']
    : [
        `default_internal_user = ${user.name}`,
        `default_internal_group = ${user.group}`,
        `default_login_user = ${user.name}`,
        'service anvil {',
        '  chroot =',
        '}',
      ]),
];

const namespace: readonly string[] = ['namespace inbox {', '  inbox = yes', '  separator = /', '}'];

/** What Dovecot 2.3 is started with. */
export const settingsOf23 = (wish: DovecotWish): string => {
  const { folder, scheme, keys } = wish;
  const plugins = [...(keys === undefined ? [] : ['mail_crypt']), 'zlib'];
  return [
    ...common(wish),
    `protocols = imap${wish.transport === undefined ? '' : ' lmtp'}`,
    'disable_plaintext_auth = no',
    ...services(wish),
    ...transportServices(wish),
    ...namespace,
    'passdb {',
    '  driver = passwd-file',
    `  args = scheme=PLAIN ${folder}/${mastersFile}`,
    '  master = yes',
    '}',
    'passdb {',
    '  driver = passwd-file',
    `  args = scheme=${scheme} ${folder}/${usersFile}`,
    '}',
    'userdb {',
    '  driver = passwd-file',
    `  args = ${folder}/${usersFile}`,
    '}',
    `mail_plugins = ${plugins.join(' ')}`,
    ...(keys === undefined
      ? []
      : [
          'plugin {',
          `  mail_crypt_global_private_key = <${keys.privateKey}`,
          `  mail_crypt_global_public_key = <${keys.publicKey}`,
          // It reads, and never encrypts anything.
          '  mail_crypt_save_version = 0',
          '}',
        ]),
    '',
  ].join('\n');
};

/** The same for 2.4, whose settings have other names. The first lines are required. */
export const settingsOf24 = (wish: DovecotWish, version: string): string => {
  const { folder, scheme, keys } = wish;
  const plugins = [...(keys === undefined ? [] : ['mail_crypt']), 'mail_compress'];
  return [
    `dovecot_config_version = ${version}`,
    `dovecot_storage_version = ${version}`,
    ...common(wish),
    'protocols {',
    '  imap = yes',
    ...(wish.transport === undefined ? [] : ['  lmtp = yes']),
    '}',
    'auth_allow_cleartext = yes',
    'auth_allow_weak_schemes = yes',
    ...services(wish),
    ...transportServices(wish),
    ...namespace,
    'passdb masters {',
    '  driver = passwd-file',
    '  master = yes',
    '  default_password_scheme = PLAIN',
    `  passwd_file_path = ${folder}/${mastersFile}`,
    '}',
    'passdb people {',
    '  driver = passwd-file',
    `  default_password_scheme = ${scheme}`,
    `  passwd_file_path = ${folder}/${usersFile}`,
    '}',
    'userdb people {',
    '  driver = passwd-file',
    `  passwd_file_path = ${folder}/${usersFile}`,
    '}',
    'mail_plugins {',
    ...plugins.map((name) => `  ${name} = yes`),
    '}',
    ...(keys === undefined
      ? []
      : [
          'crypt_write_algorithm =',
          'crypt_global_private_key main {',
          `  crypt_private_key_file = ${keys.privateKey}`,
          '}',
          `crypt_global_public_key_file = ${keys.publicKey}`,
        ]),
    '',
  ].join('\n');
};

export interface UserLine {
  readonly address: string;
  readonly hash: string;
  readonly uid: number;
  readonly gid: number;
  /** A path without odd letters. */
  readonly maildir: string;
}

/** Whether it can stand in a file of users. */
export const fitsUsersFile = (text: string): boolean => !/[:\s\0]/.test(text);

/** A line of the file of users: name, hash, owner, and where the mail is. */
export const userLine = ({ address, hash, uid, gid, maildir }: UserLine, is24: boolean): string => {
  const location = is24 ? `userdb_mail_driver=maildir userdb_mail_path=${maildir}` : `userdb_mail=maildir:${maildir}`;
  return `${address}:${hash}:${uid}:${gid}::${maildir}::${location}\n`;
};
