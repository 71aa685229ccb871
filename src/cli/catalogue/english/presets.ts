import type { Engine, PresetFinding, PresetName, Role, Weight } from '../../../preset/finding.ts';
import { type FindingText, type FindingTexts, textOfFinding } from '../finding-text.ts';

const list = (names: readonly string[]): string => names.join(', ');

const roles: Readonly<Record<Role, string>> = {
  mail: 'mail',
  'mail-key': 'keys of encrypted mail',
  accounts: 'accounts',
  dkim: 'DKIM keys',
  secrets: 'secrets of the configuration',
  settings: 'configuration',
  certificates: 'certificates',
  'own-key': "the key of the stack's own backups",
  extra: 'other data',
};

const engines: Readonly<Record<Engine, string>> = {
  mariadb: 'MariaDB',
  mysql: 'MySQL',
  postgres: 'PostgreSQL',
  sqlite: 'SQLite',
  redis: 'Redis',
};

const inside = (where: string): string => (where === '' ? 'of this machine' : `in ${where}`);

/** Of each finding. */
const texts: FindingTexts = {
  stack: (finding) => ({ message: `${finding.preset}, by ${finding.by}` }),
  places: (finding) => ({ message: `${finding.component}: ${list(finding.paths)}` }),
  database: (finding) => ({ message: `${finding.component}: ${engines[finding.engine]} ${inside(finding.where)}` }),
  databases: (finding) => ({ message: `${finding.component}: it has ${list(finding.names)}; all of them are dumped` }),
  'databases-absent': (finding) => ({
    message: `${finding.component}: it does not have ${list(finding.names)}, which such a server may have`,
  }),
  password: (finding) => ({
    message: `${finding.component}: the password is asked for, and not kept: ${finding.from === '' ? 'none is needed, the socket knows root' : finding.from}`,
  }),
  'dkim-in-redis': (finding) => ({ message: `DKIM keys lie in Redis, and are in its dump: ${finding.component}` }),
  'compressed-mail': (finding) => ({
    message: `mail in ${finding.path} lies compressed (${finding.form})`,
    hint: 'Its bytes are kept as they are, and restored so. The server that it goes back to needs the same plugin.',
  }),
  'encrypted-mail': (finding) => ({
    message: `mail in ${finding.path} is encrypted; it can be read with ${list(finding.keys)} only, which is backed up with it`,
    hint: 'Whoever has the backup can read the mail: encrypt it (a repository is), and keep a copy of the key elsewhere.',
  }),
  'volume-guessed': (finding) => ({
    message: `where the volume ${finding.volume} lies could not be asked; by its name it is ${finding.path}`,
  }),
  'engine-silent': () => ({
    message:
      'neither Docker nor Podman answers: names of containers are unknown, and the compose file is used for them',
    hint: 'Start Docker and run this again as a user who may use it; it is needed for databases anyway.',
  }),
  'own-backup-key': (finding) => ({
    message: `${finding.path} is the key of the box's own backups, which leave it out; here it is backed up`,
    hint: 'Keep a copy of it elsewhere, too: without it the own backups cannot be read.',
  }),
  'not-there': (finding) => ({
    message: `${finding.path} is not there (${roles[finding.role]}): it is left out`,
    hint: 'If it lies elsewhere, add it to the configuration.',
  }),
  closed: (finding) => ({
    message: `${finding.path} cannot be looked into by this user`,
    hint: 'It stays in the configuration. Run this, and backups, as root.',
  }),
  'file-closed': (finding) => ({
    message: `what ${finding.path} says is unknown: ${finding.reason}`,
    hint: 'Run this as a user who may read it; places that only it names are missing.',
  }),
  'file-missing': (finding) => ({
    message: `${finding.path} is not there`,
    hint: 'Values that it has are unknown, and defaults stand for them; it must be in a backup, too.',
  }),
  'file-strange': (finding) => ({
    message: `${finding.path} cannot be understood: ${finding.reason}`,
    hint: 'Try: docker compose config --quiet',
  }),
  'variables-missing': (finding) => ({
    message: `${finding.file} has variables without a value: ${list(finding.names)}`,
    hint: 'Paths and names with them may be wrong.',
  }),
  'volume-driver': (finding) => ({
    message: `the volume ${finding.volume} is of the driver ${finding.driver} (${roles[finding.role]}): where it lies is unknown, and it is NOT backed up`,
    hint: 'Mount it on this machine, and add its folder to the configuration.',
  }),
  'no-password': (finding) => ({
    message: `${finding.component}: no password was found (${list(finding.names)})`,
    hint: 'Put it into a file of its own (0600) and write password: {file: …}, or a defaultsFile.',
  }),
  'weak-user': (finding) => ({
    message: `${finding.component}: only the user ${finding.user} is known, and not root: users and their rights are not kept`,
    hint: 'Give it the password of root for a whole backup.',
  }),
  'dkim-missing': (finding) => ({
    message: `no private key for DKIM was found${finding.places.length === 0 ? '' : ` in ${list(finding.places)}`}`,
    hint: 'If mail is signed, find out with which key: a lost one means new DNS records for every domain.',
  }),
  'accounts-elsewhere': (finding) => ({
    message: `accounts are in ${finding.where}, which is not backed up here`,
    hint: 'Back it up by its own means.',
  }),
  'not-maildir': (finding) => ({
    message: `mail in ${finding.path} is stored as ${finding.driver}: while Dovecot writes, a copy of its files may not fit together`,
    hint: 'Copy it with doveadm backup into a Maildir, or from a snapshot of the file system, and back up that.',
  }),
  'user-homes': (finding) => ({ message: `mail lies in the homes of users: ${finding.path} is backed up, all of it` }),
  'own-backup-key-missing': (finding) => ({
    message: `${finding.path} is not there: the key without which the box's own backups cannot be read`,
    hint: 'Find it, and keep it elsewhere.',
  }),
  'not-running': (finding) => ({
    message: `${engines[finding.engine]} of that server does not run here: its databases are NOT backed up`,
    hint: 'Back them up on the running server.',
  }),
  'volume-unclaimed': (finding) => ({
    message: `${finding.path}, which ${finding.service} uses, is in no component`,
    hint: 'Add it when it holds what cannot be made again.',
  }),
  'mail-missing': (finding) => ({
    message: `no mail was found at ${finding.path}`,
    hint: 'Say where it lies: component mail of the configuration.',
  }),
  'service-missing': (finding) => ({
    message: `${finding.file} has no service ${finding.service}`,
    hint: 'Is it another stack, or does it need files that COMPOSE_FILE names?',
  }),
  'mail-key-missing': (finding) => ({
    message: `mail in ${finding.mail} is encrypted, and its key ${finding.key} is not there: nobody could read a backup of it`,
    hint: 'Find the key. Until it is there, each night fails and says so.',
  }),
  'mail-key-unknown': (finding) => ({
    message: `mail in ${finding.mail} is encrypted, and with which key is unknown: a backup without it cannot be read`,
    hint: 'Look for mail_crypt in the settings of Dovecot (keys of users lie in their mail, passwords for them in the database of accounts), and add the key.',
  }),
  'ldap-uncaptured': (finding) => ({
    message: 'accounts are in OpenLDAP, which Mailkeep cannot dump: WITHOUT THEM NOBODY CAN LOG IN AFTER A RESTORE',
    hint: `Have cron write them into a folder that is backed up, before the backup: ${finding.command}`,
  }),
  'ldap-copies': (finding) => ({
    message: `${finding.path}: the server's own dumps of LDAP are backed up, as old as its last one`,
    hint: 'Look whether its cron job still writes them.',
  }),
  forgotten: (finding) => ({
    message: `${finding.path} is in no component (${roles[finding.role]})`,
    hint: 'Add it to the configuration: without it a restored server is not what it was.',
  }),
  'forgotten-database': (finding) => ({
    message: `${engines[finding.engine]} ${inside(finding.where)} is in no component`,
    hint: '`mailkeep init --preset … --dry-run` shows how it is written.',
  }),
  'forgotten-databases': (finding) => ({
    message: `${finding.component}: these databases are there, and not dumped: ${list(finding.names)}`,
    hint: 'Add them to databases, or leave databases out for all. Those that are not wanted stand in exclude.',
  }),
  'certificates-partial': (finding) => ({
    message: `of the certificates in ${finding.path}, ${list(finding.missing)} are not backed up: they could not be renewed, or are links to nothing`,
    hint: 'Name the folder above: accounts, archive, live and renewal belong together.',
  }),
  'live-database-files': (finding) => ({
    message: `${finding.component}: ${finding.path} is the folder of a ${finding.engine} server, and files of a running one are no backup`,
    hint: 'Leave it out, and add the database as a component.',
  }),
};

const marks: Readonly<Record<Weight, string>> = {
  found: 'found   ',
  note: 'note    ',
  warning: 'WARNING ',
  loss: 'MISSING ',
};

/** Of `init --preset`, and of what `doctor` says of servers. */
export const presetMessages = {
  presetFinding: (finding: PresetFinding): FindingText => textOfFinding(texts, finding),
  presetLine: (weight: Weight, message: string): string => `${marks[weight]} ${message}`,
  presetAdvice: (hint: string): string => `         ${hint}`,
  presetWouldWrite: (file: string): string => `this would be added to ${file}:`,
  presetAdd: (file: string): string => `Add the server to ${file}? The file as it is now is kept as ${file}~.`,
  presetDone: (name: string, file: string): string =>
    `the server ${name} is in ${file}; \`mailkeep doctor ${name}\` tries everything, \`mailkeep run ${name}\` makes the first backup`,
  presetSeen: (preset: PresetName, root: string): string =>
    `There is a mail server on this machine: \`mailkeep init --preset ${preset} --root ${root}\` sets up its backup.`,
  setupWhatServer: (preset: PresetName, root: string): string =>
    `the mail server of this machine: ${preset} in ${root}`,
  doctorStack: (preset: PresetName, root: string): string =>
    `${preset} in ${root}: everything that it needs is backed up`,
};
