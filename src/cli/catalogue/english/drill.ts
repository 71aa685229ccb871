import type { DrillCheckName, DrillFinding, DrillProgram, DrillSkip } from '../../../model/drill/drill-record.ts';
import { plural } from './plural.ts';

const checkNames: Readonly<Record<DrillCheckName, string>> = {
  backup: 'backup',
  restore: 'restore',
  databases: 'databases',
  logins: 'logins',
  folders: 'folders',
  messages: 'messages',
  flags: 'flags',
  'mail-flow': 'mail flow',
  users: 'life of a user',
  webmail: 'webmail tables',
  'webmail-login': 'webmail login',
  'mail-key': 'encrypted mail',
  sieve: 'sieve filters',
  dkim: 'DKIM keys',
  certificates: 'certificates',
};

const looked: Readonly<Record<DrillCheckName, (count: number) => string>> = {
  backup: (count) => plural(count, 'packed component', 'packed components'),
  restore: (count) => plural(count, 'file', 'files'),
  databases: (count) => plural(count, 'database or table', 'databases and tables'),
  logins: (count) => plural(count, 'login', 'logins'),
  folders: (count) => plural(count, 'folder', 'folders'),
  messages: (count) => plural(count, 'message', 'messages'),
  flags: (count) => `of ${plural(count, 'message', 'messages')}`,
  'mail-flow': (count) => `${plural(count, 'message', 'messages')} sent`,
  users: (count) => plural(count, 'step', 'steps'),
  webmail: (count) => plural(count, 'user', 'users'),
  'webmail-login': (count) => plural(count, 'login', 'logins'),
  'mail-key': (count) => `${plural(count, 'message', 'messages')} decrypted`,
  sieve: (count) => plural(count, 'filter', 'filters'),
  dkim: (count) => plural(count, 'key', 'keys'),
  certificates: (count) => plural(count, 'certificate', 'certificates'),
};

const inBrackets = (detail: string): string => (detail === '' ? '' : ` (${detail})`);
const because = (detail: string): string => (detail === '' ? '' : `: ${detail}`);
const messages = (count: number): string => plural(count, 'message', 'messages');

const sentences: Readonly<Record<DrillFinding['kind'], (finding: DrillFinding) => string>> = {
  'file-damaged': ({ subject, detail }) => `the file ${subject} is not as it was written${because(detail)}`,
  'not-restored': ({ subject, detail }) => `${subject} could not be restored${because(detail)}`,
  'message-missing': ({ subject, count, detail }) =>
    count === 1 && detail === ''
      ? `a message is missing: ${subject}`
      : `${messages(count)} missing in ${subject}${inBrackets(detail)}`,
  'message-differs': ({ subject }) => `a message has other bytes than were backed up (its hash is wrong): ${subject}`,
  'message-unserved': ({ subject, count, detail }) =>
    `${subject}: the mail server does not show ${messages(count)} as backed up${inBrackets(detail)}`,
  'folder-missing': ({ subject }) => `the mail server does not show the folder ${subject}`,
  'folder-unreadable': ({ subject, detail }) => `${subject} cannot be opened${because(detail)}`,
  'identity-changed': ({ subject, count, detail }) =>
    `${subject}: ${messages(count)} would be downloaded again by every mail program (${detail} has changed)`,
  'flag-lost': ({ subject, count, detail }) =>
    `${subject}: ${count === 1 ? 'a message has' : `${count.toLocaleString('en')} messages have`} lost a flag${inBrackets(detail)}`,
  'keyword-nameless': ({ subject, count, detail }) =>
    `${subject}: ${count === 1 ? 'a message has' : `${count.toLocaleString('en')} messages have`} lost a flag: dovecot-keywords does not name the keyword ${detail}`,
  'login-refused': ({ subject, detail }) => `${subject} cannot log in${because(detail)}`,
  'hash-unusable': ({ subject }) => `${subject} has no password hash that Dovecot knows`,
  'no-accounts': ({ subject }) => `there is no account left in ${subject}: nobody could log in`,
  'dump-failed': ({ subject, detail }) => `the dump ${subject} could not be loaded${because(detail)}`,
  'table-empty': ({ subject, count }) =>
    `the table ${subject} is empty; it had ${plural(count, 'row', 'rows')} at the last good drill`,
  'table-missing': ({ subject, count }) =>
    `the table ${subject} is gone; it had ${plural(count, 'row', 'rows')} at the last good drill`,
  'mail-refused': ({ subject, detail }) => `mail for ${subject} is not taken${because(detail)}`,
  'mail-not-delivered': ({ subject, detail }) => `mail for ${subject} is not delivered${because(detail)}`,
  'mail-not-seen': ({ subject }) => `mail for ${subject} was delivered, and its reader does not see it`,
  'mail-not-sent': ({ subject, detail }) => `${subject} cannot send mail${because(detail)}`,
  'alias-nowhere': ({ subject, detail }) => `the alias ${subject} leads to ${detail}, which is nobody's address`,
  'user-not-created': ({ subject, detail }) => `a new user cannot be created in ${subject}${because(detail)}`,
  'user-not-let-in': ({ subject }) => `a user that was created in ${subject} cannot log in`,
  'user-not-changed': ({ subject, detail }) =>
    `the password of a new user in ${subject} cannot be changed${because(detail)}`,
  'old-password-accepted': ({ subject }) =>
    `a new user in ${subject} can still log in with the old password after it was changed`,
  'user-not-deleted': ({ subject, detail }) =>
    detail === ''
      ? `a user that was deleted from ${subject} can still log in`
      : `a new user cannot be deleted from ${subject}: ${detail}`,
  'webmail-table-missing': ({ subject }) => `the webmail has lost its table ${subject}`,
  'webmail-orphans': ({ subject, count }) =>
    `${plural(count, 'row', 'rows')} of the webmail table ${subject} ${count === 1 ? 'belongs' : 'belong'} to no user`,
  'webmail-nameless': ({ subject, count }) =>
    `${plural(count, 'user', 'users')} of the webmail ${subject} ${count === 1 ? 'has' : 'have'} lost the sender's address (identity)`,
  'webmail-no-page': ({ subject, detail }) => `the page of the webmail ${subject} does not come up${because(detail)}`,
  'webmail-database-refused': ({ subject, detail }) =>
    `the webmail ${subject} cannot work with its restored database${because(detail)}`,
  'webmail-login-refused': ({ subject, detail }) => `${subject} cannot log in to webmail${because(detail)}`,
  'webmail-no-mailbox': ({ subject, detail }) => `${subject} does not see the inbox in webmail${because(detail)}`,
  'mail-key-missing': ({ count }) =>
    `${count === 1 ? 'a message is' : `${count.toLocaleString('en')} messages are`} encrypted (mail_crypt), and the backup has no key for ${count === 1 ? 'it' : 'them'}`,
  'mail-undecryptable': ({ subject, detail }) =>
    `${subject} cannot be decrypted with the key of the backup${because(detail)}`,
  'sieve-error': ({ subject, detail }) => `the filter ${subject} cannot be compiled${because(detail)}`,
  'dkim-mismatch': ({ subject, detail }) => `the DKIM key ${subject} does not match its public text ${detail}`,
  'dkim-unreadable': ({ subject }) => `the DKIM key ${subject} is no key`,
  'certificate-expired': ({ subject, detail }) => `the certificate ${subject} has expired on ${detail}`,
  'certificate-early': ({ subject, detail }) => `the certificate ${subject} is not valid before ${detail}`,
  'certificate-key-differs': ({ subject }) => `the certificate ${subject} does not match the private key beside it`,
  'certificate-key-missing': ({ subject }) => `the certificate ${subject} has no private key beside it`,
  'certificate-unreadable': ({ subject }) => `the certificate ${subject} cannot be read`,
};

const skips: Readonly<Record<DrillSkip['reason'], (detail: string) => string>> = {
  'nothing-there': () => 'the backup has none',
  'no-program': (detail) => `not installed here: ${detail}`,
  'no-image': (detail) => `neither installed here nor in an image on this machine: ${detail}`,
  'no-maildir': (detail) =>
    `the component ${detail} has no Maildir: it is empty, or its mail is of another format (mdbox, sdbox), and nobody has seen a message of it`,
  'no-public-text': (detail) => `no public text beside ${detail}`,
  'no-password': () =>
    'no password is known: hashes were judged by their form, mailboxes opened as a master user (drill: logins: in the configuration names an account to log in with)',
  'accounts-unknown': () => 'the database has no table of accounts that is known here (drill: accounts: names a query)',
  'hash-foreign': (detail) =>
    `the password of ${detail} cannot be tried: Dovecot does not know its hash, which is one of Mailu (passlib); it was judged by its form`,
  'kind-not-loaded': (detail) => `${detail} is a database of a kind that is not loaded`,
  'needs-superuser': (detail) => `only root can start ${detail}`,
  'sent-without-login': () =>
    'mail to the outside was sent without a login: no password is known (drill: logins: in the configuration names one)',
  'no-webmail-login': () => 'nobody has logged in to webmail: no mailbox is served',
  'webmail-password-made-up': (detail) =>
    `no password is known: ${detail} logged in to webmail with one that the drill has made up (drill: logins: in the configuration names an account to log in with)`,
  'program-closed': (detail) =>
    `the program in ${detail} cannot be read by the user nobody, as which the drill runs it`,
  'schema-unknown': (detail) =>
    detail === ''
      ? 'the database has no table of users such as Postfixadmin makes'
      : `the table of users wants what is not known here (${detail})`,
};

/** Of `drill`. */
export const drillMessages = {
  drillCleared: (count: number): string =>
    `${plural(count, 'drill', 'drills')} that did not come to an end: what was left of it is stopped and removed`,
  drillHeadline: (server: string, passed: boolean, findings: number, skipped: number): string => {
    const open = skipped === 0 ? '' : `; ${plural(skipped, 'check was', 'checks were')} not made`;
    if (!passed && findings === 0) return `Drill FAILED: nobody has seen that ${server} comes back${open}`;
    return passed
      ? `Drill passed: ${server} can be brought back from this backup${open}`
      : `Drill FAILED: ${server} would not come back whole: ${plural(findings, 'thing is', 'things are')} wrong${open}`;
  },
  drillNotDone: (): string => 'The recovery drill could not be done',
  drillBackup: (backup: string, time: string, age: string): string => `backup: ${backup} of ${time}, ${age} old (RPO)`,
  drillIncomplete: (): string => 'the backup is incomplete: something of the server was missing when it was made',
  drillSample: (messages: number, whole: number, percent: string): string =>
    `sample: ${messages.toLocaleString('en')} of ${whole.toLocaleString('en')} messages (${percent} %)`,
  drillAll: (messages: number, accounts: number): string =>
    `${plural(messages, 'message', 'messages')}, ${plural(accounts, 'account', 'accounts')}`,
  drillProgram: ({ name, image }: DrillProgram): string =>
    image === undefined ? name : `${name} in a container of ${image}`,
  drillPrograms: (programs: readonly string[]): string => `started for it: ${programs.join(', ')}`,
  drillCheck: (name: DrillCheckName): string => checkNames[name],
  drillOutcome: (outcome: 'passed' | 'failed' | 'skipped'): string =>
    ({ passed: 'good', failed: 'FAILED', skipped: 'not checked' })[outcome],
  drillLooked: (name: DrillCheckName, count: number): string => looked[name](count),
  drillFinding: (finding: DrillFinding): string => sentences[finding.kind](finding),
  drillMore: (count: number): string => `… and ${count.toLocaleString('en')} more`,
  drillSkip: ({ reason, detail }: DrillSkip): string => skips[reason](detail),
  drillTimes: (): string => 'Recovery time',
  drillTime: (name: string, measured: string, whole: string): string =>
    measured === whole ? `${name}: ${measured}` : `${name}: ${whole} (${measured} for the sample)`,
  drillStart: (): string => 'starting the mail server',
  drillRecovery: (time: string): string => `all of it: ${time} (RTO)`,
  drillGoal: (goal: string): string => `longer than the goal of ${goal}`,
  drillTrend: (): string => 'Earlier drills',
  drillPoint: (time: string, passed: boolean, recovery: string, age: string): string =>
    `${time}: ${passed ? 'passed' : 'FAILED'}, RTO ${recovery}, RPO ${age}`,
  drillChecks: (): string => 'Checks',
  drillWritten: (file: string): string => `the report is in ${file}`,
  drillStatusFailed: (time: string, first: string): string => `the drill of ${time} failed: ${first}`,
  drillStatusUnknown: (why: string): string => `it is not known how the last drill ended: ${why}`,
  drillStatusLast: (server: string, time: string, rto: string): string =>
    `${server}: last drill passed ${time}; brought back in ${rto}`,
  drillSubject: (server: string, date: string): string => `Recovery Drill of ${server} Passed - ${date}`,
};
