/*
 * Two databases: users and aliases in tables of the shape of Postfixadmin's, webmail in such as Roundcube has, with the users of
 * the database that the services log in as.
 */

import { existsSync, readFileSync } from 'node:fs';

/** The old passwords, with which everybody logs in after a recovery too; each of another scheme. */
export const people = {
  'alice@example.com': { password: 'alices old passw0rd', scheme: 'SHA512-CRYPT' },
  'bob@example.com': { password: 'bobs älteres Wort', scheme: 'BLF-CRYPT' },
  'carol@example.com': { password: 'carol-1999', scheme: 'MD5-CRYPT' },
} as const;

export type PersonName = keyof typeof people;

/** What the services log in to the database with. */
export const servicePasswords = { dovecot: 'dovecot-4711', postfix: 'postfix-4712', roundcube: 'roundcube-4713' };

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

const dates = `created DATETIME NOT NULL DEFAULT '2000-01-01 00:00:00', modified DATETIME NOT NULL DEFAULT '2000-01-01 00:00:00', active TINYINT(1) NOT NULL DEFAULT 1`;

const userTables = `
CREATE DATABASE usermgmt CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
USE usermgmt;
CREATE TABLE domain (domain VARCHAR(255) NOT NULL PRIMARY KEY, description VARCHAR(255) NOT NULL, aliases INT(10) NOT NULL DEFAULT 0,
  mailboxes INT(10) NOT NULL DEFAULT 0, maxquota BIGINT(20) NOT NULL DEFAULT 0, quota BIGINT(20) NOT NULL DEFAULT 0,
  transport VARCHAR(255) NOT NULL, backupmx TINYINT(1) NOT NULL DEFAULT 0, ${dates});
CREATE TABLE mailbox (username VARCHAR(255) NOT NULL PRIMARY KEY, password VARCHAR(255) NOT NULL, name VARCHAR(255) NOT NULL,
  maildir VARCHAR(255) NOT NULL, quota BIGINT(20) NOT NULL DEFAULT 0, local_part VARCHAR(255) NOT NULL,
  domain VARCHAR(255) NOT NULL, ${dates}, KEY domain (domain));
CREATE TABLE alias (address VARCHAR(255) NOT NULL PRIMARY KEY, goto TEXT NOT NULL, domain VARCHAR(255) NOT NULL, ${dates}, KEY domain (domain));
CREATE TABLE alias_domain (alias_domain VARCHAR(255) NOT NULL PRIMARY KEY, target_domain VARCHAR(255) NOT NULL, ${dates});
CREATE TABLE log (timestamp DATETIME NOT NULL, username VARCHAR(255) NOT NULL, action VARCHAR(255) NOT NULL, data TEXT NOT NULL) ENGINE=MyISAM;
INSERT INTO domain (domain, description, transport) VALUES ('example.com', '例の会社 😀', 'virtual');
INSERT INTO log VALUES ('2025-11-07 03:00:00', 'admin@example.com', 'create_mailbox', 'alice@example.com');
`;

/** As the package of Roundcube has them; without it, the few that count for a backup. */
const ownSchema = '/usr/share/roundcube/SQL/mysql.initial.sql';
const fewTables = `
CREATE TABLE users (user_id INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, username VARCHAR(128) BINARY NOT NULL, mail_host VARCHAR(128) NOT NULL,
  language VARCHAR(16), preferences LONGTEXT, UNIQUE username (username, mail_host)) ROW_FORMAT=DYNAMIC;
CREATE TABLE identities (identity_id INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, user_id INT(10) UNSIGNED NOT NULL, name VARCHAR(128) NOT NULL,
  email VARCHAR(128) NOT NULL, signature LONGTEXT, CONSTRAINT user_id_fk_identities FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE);
CREATE TABLE contacts (contact_id INT(10) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, changed DATETIME NOT NULL DEFAULT '1000-01-01 00:00:00',
  name VARCHAR(128) NOT NULL DEFAULT '', email TEXT NOT NULL, vcard LONGTEXT, words TEXT, user_id INT(10) UNSIGNED NOT NULL,
  CONSTRAINT user_id_fk_contacts FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE);
`;

const webmailRows = `
INSERT INTO users (username, mail_host, language, preferences) VALUES ('alice@example.com', 'localhost', 'ja_JP', 'a:1:{s:8:"timezone";s:10:"Asia/Tokyo";}');
INSERT INTO identities (user_id, name, email, signature) VALUES (1, 'Alice 🌸', 'alice@example.com', '-- \nアリス');
INSERT INTO contacts (user_id, name, email, vcard) SELECT 1, CONCAT('連絡先 ', seq), CONCAT('c', seq, '@example.net'), CONCAT('BEGIN:VCARD\r\nFN:', seq, '\r\nEND:VCARD') FROM seq_1_to_200;
`;

const webmailTables = (): string =>
  [
    'CREATE DATABASE roundcubemail CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;\nUSE roundcubemail;',
    existsSync(ownSchema) ? readFileSync(ownSchema, 'utf8') : fewTables,
    webmailRows,
  ].join('\n');

const rights = `
CREATE USER dovecot@localhost IDENTIFIED BY ${quoted(servicePasswords.dovecot)}; GRANT SELECT ON usermgmt.* TO dovecot@localhost;
CREATE USER postfix@localhost IDENTIFIED BY ${quoted(servicePasswords.postfix)}; GRANT SELECT ON usermgmt.* TO postfix@localhost;
CREATE USER roundcube@localhost IDENTIFIED BY ${quoted(servicePasswords.roundcube)}; GRANT ALL ON roundcubemail.* TO roundcube@localhost;
`;

const aliases: Readonly<Record<string, string>> = {
  'postmaster@example.com': 'alice@example.com',
  'sales@example.com': 'alice@example.com,bob@example.com',
};

/** Everything, as statements. `hashes`: the password of each as the database keeps it. */
export const databaseStatements = (hashes: Readonly<Record<PersonName, string>>): string => {
  const mailboxes = Object.entries(hashes).map(([name, hash]) => {
    const local = name.replace(/@.*/, '');
    const values = [name, hash, local, `example.com/${local}/`, local, 'example.com'].map(quoted).join(', ');
    return `INSERT INTO usermgmt.mailbox (username, password, name, maildir, local_part, domain) VALUES (${values});`;
  });
  const goto = Object.entries({ ...Object.fromEntries(Object.keys(hashes).map((name) => [name, name])), ...aliases });
  const forwards = goto.map(
    ([address, to]) =>
      `INSERT INTO usermgmt.alias (address, goto, domain) VALUES (${quoted(address)}, ${quoted(to)}, 'example.com');`,
  );
  return [userTables, ...mailboxes, ...forwards, webmailTables(), rights].join('\n');
};
