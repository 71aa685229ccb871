import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { domain, hostName, type StackPlaces, vmail } from './places.ts';
import { servicePasswords } from './tables.ts';

/** The certificate that certbot keeps for a server, by the name that all programs use. */
export const certificatePlace = (root: string): string => join(root, 'data/certbot/live/mail.example.com');

/** Dovecot: users, passwords and homes from the database, mail by LMTP, sieve, logins for Postfix. */
export const dovecotSettings = ({ root, run, imapPort }: StackPlaces): string => `base_dir = ${run}/dovecot
state_dir = ${run}/dovecot-state
log_path = ${root}/logs/dovecot/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <${certificatePlace(root)}/fullchain.pem
ssl_key = <${certificatePlace(root)}/privkey.pem
auth_mechanisms = plain login
mail_location = maildir:~/Maildir
first_valid_uid = ${vmail}
postmaster_address = postmaster@${domain}
hostname = ${hostName}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = ${imapPort}
    ssl = yes
  }
}
service lmtp {
  unix_listener ${run}/lmtp {
    mode = 0666
  }
}
service auth {
  unix_listener ${run}/sasl {
    mode = 0666
  }
}
passdb {
  driver = sql
  args = ${root}/config/dovecot/dovecot-sql.conf.ext
}
userdb {
  driver = sql
  args = ${root}/config/dovecot/dovecot-sql.conf.ext
}
namespace inbox {
  inbox = yes
  separator = /
}
protocol lmtp {
  mail_plugins = sieve
}
plugin {
  sieve = file:${root}/data/mail/sieve/%u/scripts;active=${root}/data/mail/sieve/%u/active.sieve
}
`;

export const dovecotSql = ({ root, socket }: StackPlaces): string => `driver = mysql
connect = host=${socket} dbname=usermgmt user=dovecot password=${servicePasswords.dovecot}
password_query = SELECT username AS user, password FROM mailbox WHERE username = '%u' AND active = 1
user_query = SELECT CONCAT('${root}/data/mail/vmail/', maildir) AS home, ${vmail} AS uid, ${vmail} AS gid FROM mailbox WHERE username = '%u' AND active = 1
`;

/** Postfix: domains, mailboxes and aliases from the database, mail for them to Dovecot, all other to the outside. */
export const postfixSettings = ({ root, run, outsidePort }: StackPlaces): string =>
  [
    'compatibility_level = 3.6',
    `queue_directory = ${run}/postfix-queue`,
    `data_directory = ${run}/postfix-data`,
    'myhostname = mail.example.com',
    'mydestination =',
    'mynetworks =',
    ...['domains', 'mailboxes', 'aliases'].map((name, at) => {
      const setting = ['virtual_mailbox_domains', 'virtual_mailbox_maps', 'virtual_alias_maps'][at] ?? '';
      return `${setting} = mysql:${root}/config/postfix/sql/${name}.cf`;
    }),
    `virtual_transport = lmtp:unix:${run}/lmtp`,
    `relayhost = [127.0.0.1]:${outsidePort}`,
    'smtp_dns_support_level = disabled',
    'inet_interfaces = loopback-only',
    'inet_protocols = ipv4',
    `smtpd_tls_cert_file = ${certificatePlace(root)}/fullchain.pem`,
    `smtpd_tls_key_file = ${certificatePlace(root)}/privkey.pem`,
    'smtpd_tls_security_level = may',
    'smtpd_sasl_auth_enable = yes',
    'smtpd_sasl_type = dovecot',
    `smtpd_sasl_path = ${run}/sasl`,
    'smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination',
    `maillog_file = ${root}/logs/postfix/maillog`,
    `maillog_file_prefixes = ${root}/logs`,
    '',
  ].join('\n');

const queries: Readonly<Record<string, string>> = {
  domains: "SELECT domain FROM domain WHERE domain = '%s' AND active = 1",
  mailboxes: "SELECT maildir FROM mailbox WHERE username = '%s' AND active = 1",
  aliases: "SELECT goto FROM alias WHERE address = '%s' AND active = 1",
};

/** The files by which Postfix asks the database, by their names. */
export const postfixTables = ({ socket }: StackPlaces): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(queries).map(([name, query]) => [
      `${name}.cf`,
      `hosts = unix:${socket}\nuser = postfix\npassword = ${servicePasswords.postfix}\ndbname = usermgmt\nquery = ${query}\n`,
    ]),
  );

/** Debian's list of services, none of them confined to the queue, one that listens for mail. */
export const postfixServices = async ({ smtpPort }: StackPlaces): Promise<string> => {
  const usual = (await readFile('/usr/share/postfix/master.cf.dist', 'utf8')).split('\n');
  const kept = usual.filter((line) => !/^smtp +inet/.test(line));
  const unconfined = kept.map((line) => line.replace(/^(\S+\s+(?:unix|fifo|unix-dgram)\s+\S+\s+\S+\s+)[y-]/, '$1n'));
  const own = [
    'postlog   unix-dgram n  -       n       -       1       postlogd',
    `127.0.0.1:${smtpPort} inet n - n - - smtpd`,
  ];
  return `${[...unconfined, ...own].join('\n')}\n`;
};
