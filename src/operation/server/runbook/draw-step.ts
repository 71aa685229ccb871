import { formatBytes, formatDuration } from '../../../model/size.ts';
import type { RunbookBlock } from './runbook-block.ts';
import type { DatabaseOfComponent, FilesOfComponent, RunbookFacts } from './runbook-facts.ts';
import type { RunbookStep, StepSubject } from './runbook-steps.ts';
import type { SignCommands } from './service-commands.ts';
import type { RunbookWords } from './words.ts';

interface StepDrawing {
  readonly number: number;
  readonly facts: RunbookFacts;
  readonly words: RunbookWords;
}

const brands: Readonly<Record<DatabaseOfComponent['database'], string>> = {
  mariadb: 'MariaDB',
  mysql: 'MySQL',
  postgres: 'PostgreSQL',
  sqlite: 'SQLite',
  redis: 'Redis',
};

const titleOf = (subject: StepSubject, words: RunbookWords): string => {
  switch (subject.kind) {
    case 'machine':
      return words.stepMachine();
    case 'disk':
      return words.stepDisk();
    case 'repository':
      return words.stepRepository();
    case 'check':
      return words.stepCheck();
    case 'owners':
      return words.stepOwners();
    case 'files':
      return words.stepFiles(subject.component.name);
    case 'database-server':
      return words.stepDatabaseServer(brands[subject.component.database]);
    case 'database':
      return words.stepDatabase(subject.component.name, brands[subject.component.database]);
    case 'services':
      return words.stepServices();
    case 'signs':
      return words.stepSigns();
    case 'again':
      return words.stepAgain();
  }
};

const fileNotes = ({ places }: FilesOfComponent, { facts, words }: StepDrawing): readonly string[] => [
  ...places.map(({ name, to }) => (to === undefined ? words.notePlaceUnknown(name) : words.notePlace(name, to))),
  ...(facts.machine !== undefined && facts.machine.capturedBy !== 0 ? [words.noteOwnersLost()] : []),
];

const containerNote = ({ site: { place } }: DatabaseOfComponent, words: RunbookWords): readonly string[] =>
  place === undefined ? [] : [words.noteContainer(place.kind === 'compose' ? place.service : place.container)];

const databaseNotes = (component: DatabaseOfComponent, words: RunbookWords): readonly string[] => {
  const names = component.dumps.map(({ database }) => database).join(', ');
  const isServer = component.database !== 'sqlite' && component.database !== 'redis';
  return [
    ...(names === '' ? [] : [words.noteDatabases(names)]),
    ...(isServer ? [words.noteSuperuser()] : []),
    ...(component.database === 'redis' ? [words.noteAppendOnly()] : []),
  ];
};

const notesOf = ({ subject, commands }: RunbookStep, drawing: StepDrawing): readonly string[] => {
  const { facts, words } = drawing;
  switch (subject.kind) {
    case 'machine': {
      const from = facts.where.kind === 'repository' ? [words.noteRestic()] : [];
      return [words.noteMachine(facts.machine?.distribution), words.noteMailkeep(), ...from];
    }
    case 'disk':
      return [commands.length === 0 ? words.noteNoDisk() : words.noteDisk()];
    case 'repository':
      return [words.noteRepository()];
    case 'check':
      return [words.noteCheck()];
    case 'owners':
      return [words.noteOwners()];
    case 'files':
      return fileNotes(subject.component, drawing);
    case 'database-server':
      return commands.length === 0
        ? [...containerNote(subject.component, words), words.noteNoStart()]
        : containerNote(subject.component, words);
    case 'database':
      return databaseNotes(subject.component, words);
    case 'services':
      return [words.noteServices()];
    case 'signs':
      return [];
    case 'again':
      return [words.noteAgain(), ...(subject.fstab === undefined ? [] : [words.noteFstab(subject.fstab)])];
  }
};

const sizeNotes = ({ subject, estimate }: RunbookStep, words: RunbookWords): readonly string[] => {
  const hasSize = subject.kind === 'files' || subject.kind === 'database';
  const size = hasSize
    ? [words.runbookFilesAndBytes(subject.component.files, formatBytes(subject.component.bytes))]
    : [];
  const time =
    estimate === undefined ? [] : [words.runbookEstimate(estimate < 60_000 ? undefined : formatDuration(estimate))];
  return [...size, ...time];
};

const block = (label: string | undefined, commands: readonly string[]): readonly RunbookBlock[] =>
  commands.length === 0 ? [] : [{ kind: 'commands', label, commands }];

const signBlocks = (
  { certificates, keys, names, logins }: SignCommands,
  words: RunbookWords,
): readonly RunbookBlock[] => [
  ...block(words.noteCertificates(), certificates),
  ...block(words.noteKeys(), keys),
  ...block(words.noteNames(), names),
  ...block(words.noteLogins(), logins),
];

/** A step as its heading, what there is to know, and what is to be typed. */
export const drawStep = (step: RunbookStep, drawing: StepDrawing): readonly RunbookBlock[] => {
  const { subject, commands, withMailkeep, without } = step;
  const { number, words } = drawing;
  const notes = [...notesOf(step, drawing), ...sizeNotes(step, words)];
  return [
    { kind: 'heading', text: `${number}. ${titleOf(subject, words)}` },
    ...(notes.length === 0 ? [] : [{ kind: 'list', items: notes } as const]),
    ...block(undefined, commands),
    ...block(words.runbookWithMailkeep(), withMailkeep),
    ...block(words.runbookWithout(), without),
    ...(subject.kind === 'signs' ? signBlocks(subject.signs, words) : []),
  ];
};
