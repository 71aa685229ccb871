import type { RunbookWords } from '../../../operation/server/runbook/words.ts';
import { plural } from './plural.ts';

/** Of `runbook`, and of the file that each night leaves on the disk. */
export const runbookMessages: RunbookWords & { readonly runbookWritten: (file: string) => string } = {
  runbookWritten: (file) => `the runbook is in ${file}`,
  runbookTitle: (server) => `Recovery of ${server}, from bare metal`,
  runbookIntroduction: () => [
    'Read it once to the end, then go from the top to the bottom. All commands are for a root shell (bash), each on one line.',
    'Where there are two ways, take one: “With Mailkeep” where the program can be had, else “Without Mailkeep”.',
  ],
  runbookIncomplete: () =>
    'THIS BACKUP IS INCOMPLETE: something of the server is missing in it. Take an older one if there is one.',
  runbookWithMailkeep: () => 'With Mailkeep:',
  runbookWithout: () => 'Without Mailkeep:',
  runbookBackup: () => 'Backup',
  runbookMade: () => 'Made',
  runbookVerified: () => 'Verified',
  runbookNotVerified: () => 'it is not known when all of it was last read',
  runbookSystem: () => 'System',
  runbookPrograms: () => 'Programs',
  runbookSize: () => 'Size',
  runbookDisk: () => 'Disk',
  runbookOwners: () => 'Owners',
  runbookUnknown: () => 'unknown',
  runbookFilesAndBytes: (files, bytes) => `${plural(files, 'file', 'files')}, ${bytes}`,
  runbookEstimate: (time) =>
    time === undefined ? 'Takes less than a minute (an estimate).' : `Takes about ${time} (an estimate).`,
  runbookTimes: () => 'Times',
  runbookTimesExplained: () =>
    'What the captures took was measured; how long it takes back is an estimate by the pace at which the backup was written.',
  runbookTime: ({ name, size, captured, estimate }) =>
    [
      `${name}: ${size}`,
      captured === undefined ? 'capture not measured' : `captured in ${captured}`,
      ...(estimate === undefined ? [] : [`back in about ${estimate}`]),
    ].join('; '),

  stepMachine: () => 'Install the system',
  stepDisk: () => 'Mount the backup disk',
  stepRepository: () => 'Reach the repository',
  stepCheck: () => 'Check the backup',
  stepOwners: () => 'Users and groups',
  stepFiles: (component) => `Bring back ${component}`,
  stepDatabaseServer: (brand) => `Start ${brand}, still empty`,
  stepDatabase: (component, brand) => `Load the databases: ${component} (${brand})`,
  stepServices: () => 'Start the services',
  stepSigns: () => 'Check that it lives',
  stepAgain: () => 'Back to every day',

  noteMachine: (system) =>
    system === undefined
      ? 'The backup does not say which system it was.'
      : `It was ${system}. The same or a newer release will do.`,
  noteMailkeep: () => 'Mailkeep, where it can be had: npm install --global mailkeep',
  noteRestic: () => 'Without Mailkeep, restic 0.17 or newer is needed.',
  noteDisk: () => 'Connect it. It is mounted read-only, so that nothing on it can be harmed.',
  noteNoDisk: () => 'The backup lies on a file system that needs no command here, or it is not known which.',
  noteRepository: () =>
    'Have its password and the credentials of its storage at hand, in the variables that restic and Mailkeep read (RESTIC_PASSWORD and others).',
  noteCheck: () =>
    'Reads all of it. Leave it out when time presses: `mailkeep restore` checks by itself what it brings back.',
  noteOwners: () =>
    'Files keep the numbers of their owners. Compare what is printed in the end: where another name has a number, give that name another one first.',
  notePlace: (name, to) => `${name} goes to ${to}`,
  notePlaceUnknown: (name) => `The backup does not say where ${name} was: copy it to where it belongs.`,
  noteOwnersLost: () =>
    'It was not captured by root, so the disk does not have the owners; Mailkeep knows them, the commands without it give all to one.',
  noteContainer: (container) => `It runs in the container ${container}.`,
  noteNoStart: () => 'The backup does not say how it is started: start it as you did.',
  noteSuperuser: () =>
    'The commands log in as the superuser: without a password on a fresh server, in a container with the password that it was made with.',
  noteDatabases: (names) => `Databases: ${names}`,
  noteAppendOnly: () =>
    'A Redis that is started with `appendonly yes` reads its append-only files and not dump.rdb: bring it back with Mailkeep, or start it once with `appendonly no`. Without Mailkeep, look afterwards whether its keys are there (DBSIZE).',
  noteServices: () => 'All files and databases are in place now.',
  noteCertificates: () => 'Certificates: the names, and until when they are valid:',
  noteKeys: () => 'DKIM: the key printed first must be the one (p=) that the DNS answers:',
  noteNames: () => 'DNS: mail must lead to the new machine:',
  noteLogins: () => 'A login with an old password (it lists the folders), and the greeting of the mail server:',
  noteAgain: () => 'When all is well: make the disk writable, schedule the backups again, and take one.',
  noteFstab: (line) => `In /etc/fstab: ${line}`,
};
