import { shellCommand } from '../../../model/shell-word.ts';
import { databaseCommands } from './database-commands.ts';
import { fileCommands } from './file-commands.ts';
import { databasesOf, diskOf, fstabLine, installCommands, mountCommands, ownerCommands } from './machine-commands.ts';
import type { DatabaseOfComponent, FilesOfComponent, RunbookComponent, RunbookFacts } from './runbook-facts.ts';
import {
  composeWords,
  databaseServerCommands,
  serviceCommands,
  type SignCommands,
  signCommands,
} from './service-commands.ts';

/** What a step of the recovery is about. */
export type StepSubject =
  | { readonly kind: 'machine' }
  | { readonly kind: 'disk' }
  | { readonly kind: 'repository' }
  | { readonly kind: 'check' }
  | { readonly kind: 'owners' }
  | { readonly kind: 'files'; readonly component: FilesOfComponent }
  | { readonly kind: 'database-server'; readonly component: DatabaseOfComponent }
  | { readonly kind: 'database'; readonly component: DatabaseOfComponent }
  | { readonly kind: 'services' }
  | { readonly kind: 'signs'; readonly signs: SignCommands }
  | { readonly kind: 'again'; readonly fstab: string | undefined };

export interface RunbookStep {
  readonly subject: StepSubject;
  /** The same whether Mailkeep is there or not. */
  readonly commands: readonly string[];
  /** One or the other. */
  readonly withMailkeep: readonly string[];
  readonly without: readonly string[];
  /** Milliseconds that it is likely to take, by what was measured; undefined where nothing was. */
  readonly estimate: number | undefined;
}

const step = (subject: StepSubject, more: Partial<RunbookStep> = {}): RunbookStep => ({
  subject,
  commands: [],
  withMailkeep: [],
  without: [],
  estimate: undefined,
  ...more,
});

/** What was moved in less time says nothing of the disk. */
const leastMeasured = 500;

/** Bytes a millisecond, over all that was measured. */
const paceOf = (components: readonly RunbookComponent[]): number | undefined => {
  let [bytes, duration] = [0, 0];
  for (const { measured } of components) {
    bytes += measured?.bytes ?? 0;
    duration += measured?.duration ?? 0;
  }
  return duration < leastMeasured || bytes === 0 ? undefined : bytes / duration;
};

/** How long a component is likely to take: by its own pace, else by that of all. */
const estimateOf = (component: RunbookComponent, all: number | undefined): number | undefined => {
  const own = paceOf([component]) ?? all;
  return own === undefined ? undefined : component.bytes / own;
};

const reference = ({ where }: RunbookFacts): readonly string[] =>
  where.kind === 'disk'
    ? ['--from', where.folder]
    : ['--repo', where.location, '--from', `repository:${where.snapshot}`];

const restoreCommand = ({ name }: RunbookComponent, facts: RunbookFacts): string =>
  shellCommand('mailkeep', 'restore', ...reference(facts), '--component', name);

const beginning = (facts: RunbookFacts): readonly RunbookStep[] => {
  const { where, owners, components } = facts;
  const pace = paceOf(components);
  const bytes = components.reduce((sum, component) => sum + component.bytes, 0);
  const estimate = pace === undefined ? undefined : bytes / pace;
  const common = [step({ kind: 'machine' }, { commands: installCommands(facts) })];
  const makeOwners = ownerCommands(owners);
  const after = makeOwners.length === 0 ? [] : [step({ kind: 'owners' }, { commands: makeOwners })];
  if (where.kind === 'repository') {
    const { location, snapshot } = where;
    const look = {
      withMailkeep: [shellCommand('mailkeep', 'snapshots', '--repo', location)],
      without: [shellCommand('restic', '--repo', location, 'snapshots', snapshot)],
    };
    const check = {
      withMailkeep: [shellCommand('mailkeep', 'check', '--repo', location)],
      without: [shellCommand('restic', '--repo', location, 'check')],
    };
    return [...common, step({ kind: 'repository' }, look), step({ kind: 'check' }, { ...check, estimate }), ...after];
  }
  const sums = `( ${shellCommand('cd', where.folder)} && sha256sum --check --quiet checksums.sha256 && echo OK )`;
  return [
    ...common,
    step({ kind: 'disk' }, { commands: mountCommands(facts) }),
    step({ kind: 'check' }, { commands: [sums], estimate }),
    ...after,
  ];
};

const filesStep = (component: FilesOfComponent, facts: RunbookFacts): RunbookStep => {
  const { machine, server, where } = facts;
  const ownersLost = machine !== undefined && machine.capturedBy !== 0;
  return step(
    { kind: 'files', component },
    {
      withMailkeep: [restoreCommand(component, facts)],
      without: fileCommands(component, { server, where, ownersLost }),
      estimate: estimateOf(component, paceOf(facts.components)),
    },
  );
};

const databaseSteps = (component: DatabaseOfComponent, facts: RunbookFacts): readonly RunbookStep[] => {
  const start = databaseServerCommands(component, facts);
  const needsServer = component.database !== 'sqlite';
  return [
    ...(needsServer ? [step({ kind: 'database-server', component }, { commands: start })] : []),
    step(
      { kind: 'database', component },
      {
        withMailkeep: [restoreCommand(component, facts)],
        without: databaseCommands(component, { ...facts, compose: composeWords(facts) }),
        estimate: estimateOf(component, paceOf(facts.components)),
      },
    ),
  ];
};

const ending = (facts: RunbookFacts): readonly RunbookStep[] => {
  const { server, where } = facts;
  const disk = diskOf(where);
  const writable = disk === undefined ? [] : [shellCommand('mount', '-o', 'remount,rw', disk.mountPoint)];
  const again = [
    shellCommand('mailkeep', 'doctor', server),
    'mailkeep schedule install',
    shellCommand('mailkeep', 'run', server, '--daily'),
  ];
  return [
    step({ kind: 'services' }, { commands: serviceCommands(facts) }),
    step({ kind: 'signs', signs: signCommands(facts.signs) }),
    step({ kind: 'again', fstab: fstabLine(facts) }, { commands: [...writable, ...again] }),
  ];
};

/** The whole recovery of a server from bare metal, in its order: files before the databases that need them, services last. */
export const runbookSteps = (facts: RunbookFacts): readonly RunbookStep[] => [
  ...beginning(facts),
  ...facts.components.flatMap((component) => (component.kind === 'files' ? [filesStep(component, facts)] : [])),
  ...databasesOf(facts).flatMap((component) => databaseSteps(component, facts)),
  ...ending(facts),
];
