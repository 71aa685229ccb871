import type { MailRouting, MailSockets, TransportWish } from '../../../contract/drill.ts';

export interface PostfixWish extends Pick<TransportWish, 'asksForLogin' | 'outside'> {
  readonly sockets: MailSockets;
  /** Absolute; all that Postfix writes lies below it. */
  readonly folder: string;
  /** What the outside delivers to. */
  readonly port: number;
  /** What people send by; without a login, whoever is on this machine may. */
  readonly submissionPort: number;
}

/** Below the folder. */
export const logFile = 'mail.log';
const tables = 'tables';

/**
 * `main.cf`. It can deliver to Dovecot and to nobody else: there is no client for SMTP in `master.cf`, what is for the outside goes into
 * one mailbox of Dovecot's, and all other is thrown away. What cannot be delivered at once comes back at once.
 */
export const mainSettings = ({ folder, sockets, outside }: PostfixWish): string =>
  [
    // What 3.4 knows too.
    'compatibility_level = 2',
    `queue_directory = ${folder}/queue`,
    `data_directory = ${folder}/data`,
    `maillog_file = ${folder}/${logFile}`,
    `maillog_file_prefixes = ${folder}`,
    `virtual_mailbox_domains = texthash:${folder}/${tables}/domains`,
    `virtual_mailbox_maps = texthash:${folder}/${tables}/mailboxes`,
    `virtual_alias_maps = texthash:${folder}/${tables}/aliases`,
    'virtual_alias_domains =',
    `virtual_transport = lmtp:unix:${sockets.delivery}`,
    `transport_maps = inline:{ { ${outside} = lmtp:unix:${sockets.delivery} } }`,
    ...['default_transport', 'relay_transport', 'local_transport'].map((name) => `${name} = discard:`),
    'relayhost =',
    'relay_domains =',
    'mydestination =',
    'myhostname = drill.invalid',
    'mynetworks = 127.0.0.0/8',
    'alias_maps =',
    'alias_database =',
    'local_recipient_maps =',
    'inet_interfaces = 127.0.0.1',
    'inet_protocols = ipv4',
    'smtpd_peername_lookup = no',
    'smtpd_relay_restrictions = reject_unauth_destination',
    'smtpd_recipient_restrictions =',
    'smtpd_sasl_type = dovecot',
    `smtpd_sasl_path = ${sockets.logins}`,
    'smtpd_tls_security_level = none',
    'maximal_queue_lifetime = 0',
    'bounce_queue_lifetime = 0',
    'notify_classes =',
    'append_dot_mydomain = no',
    'recipient_delimiter = +',
    // A short one may be given to a second message, and the log is asked by it.
    'enable_long_queue_ids = yes',
    '',
  ].join('\n');

/** `master.cf`: what receives, sorts and delivers on this machine; no client for the outside, nothing that runs commands. */
export const serviceList = ({ port, submissionPort, asksForLogin }: PostfixWish): string => {
  const submission = asksForLogin
    ? ['smtpd_sasl_auth_enable=yes', 'smtpd_relay_restrictions=permit_sasl_authenticated,reject']
    : ['smtpd_relay_restrictions=permit_mynetworks,reject'];
  return [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    // Mail for the server itself has to be taken by this one, from everybody on this machine too.
    '  -o mynetworks=',
    `127.0.0.1:${submissionPort} inet n - n - - smtpd`,
    ...submission.map((option) => `  -o ${option}`),
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'proxymap unix - - n - - proxymap',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'lmtp unix - - n - - lmtp',
    'anvil unix - - n - 1 anvil',
    'showq unix n - n - - showq',
    'flush unix n - n 1000? 0 flush',
    'scache unix - - n - 1 scache',
    'postlog unix-dgram n - n - 1 postlogd',
    '',
  ].join('\n');
};

/** What can stand in a table of Postfix without being taken for something else; others are left out. */
const isPlain = (text: string): boolean => /^[!$-~][!-~]*$/.test(text) && !/[,"\\]/.test(text);

/** Each key once, the first of them: Postfix refuses the whole of a table (texthash) in which one comes twice. */
const table = (rows: readonly (readonly [string, string])[]): string => {
  const lines = new Map<string, string>();
  for (const [key, value] of rows) {
    const name = key.toLowerCase();
    if (isPlain(key) && value !== '' && !lines.has(name)) lines.set(name, `${name} ${value}\n`);
  }
  return [...lines.values()].join('');
};

const domainOf = (address: string): string => address.slice(address.lastIndexOf('@') + 1);

/**
 * Which mail goes where, by the tables of the database; without such, the domains of the mailboxes are those of the server. By the path of
 * each file below the folder.
 */
export const routingTables = (
  { domains, aliases, domainAliases }: MailRouting,
  mailboxes: TransportWish['mailboxes'],
): Readonly<Record<string, string>> => {
  const own = domains ?? mailboxes.map(({ address }) => domainOf(address));
  const all = [...new Set([...own, ...domainAliases.map(({ domain }) => domain)].map((name) => name.toLowerCase()))];
  return {
    [`${tables}/domains`]: table(all.map((name) => [name, 'ours'])),
    [`${tables}/mailboxes`]: table(
      [...new Set(mailboxes.map(({ address }) => address.toLowerCase()))].map((name) => [name, 'ours']),
    ),
    [`${tables}/aliases`]: table([
      ...aliases.map(({ address, targets }) => [address, targets.filter(isPlain).join(', ')] as const),
      ...domainAliases.map(({ domain, target }) => [`@${domain}`, `@${target}`] as const),
    ]),
  };
};
