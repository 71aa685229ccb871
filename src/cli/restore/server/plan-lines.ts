import type { DatabasePlan, PlannedDump } from '../../../contract/database-target.ts';
import { terminalLine } from '../../../mail/terminal-text.ts';
import { displayText } from '../../../model/byte-string.ts';
import type { PlannedComponent, ServerPlan } from '../../../operation/server/restore/restore-server.ts';
import type { PlannedPart } from '../../../operation/server/restore/file-component.ts';
import type { Messages } from '../../catalogue/english.ts';
import type { CommandContext } from '../../context.ts';
import { amountOf, countsRecord } from '../restore-plan.ts';
import type { OpenedServer } from '../open-server-backup.ts';

const listedAtMost = 10;

const partLines = ({ place, merges, plan }: PlannedPart, { messages, options }: CommandContext): readonly string[] => {
  const { create, overwrite, leave, refusals, overwritten } = plan;
  const some = <Item>(items: readonly Item[], line: (item: Item) => string): readonly string[] => {
    const shown = options.verbose > 0 ? items : items.slice(0, listedAtMost);
    return [
      ...shown.map(line),
      ...(items.length > shown.length ? [messages.planMore(items.length - shown.length)] : []),
    ];
  };
  return [
    `    ${merges ? messages.mailMerged(place) : place}`,
    ...(create.files + create.directories > 0 ? [`    ${messages.planCreate(amountOf(create))}`] : []),
    ...(overwrite.files + overwrite.directories > 0 ? [`    ${messages.planOverwrite(amountOf(overwrite))}`] : []),
    ...some(overwritten, (path) => `    ${messages.planOverwrites(displayText(path))}`),
    ...(leave.files + leave.directories > 0 ? [`    ${messages.planLeave(amountOf(leave))}`] : []),
    ...(refusals.length > 0 ? [`    ${messages.planRefused(refusals.length)}`] : []),
    ...some(refusals, ({ path, fault }) => `    ${messages.planRefusal(displayText(path), fault.message)}`),
  ];
};

const dumpLine = ({ into, action, tables, rows, others }: PlannedDump, messages: Messages): string => {
  if (action.kind === 'refuse') return messages.dumpRefused(into, terminalLine(action.fault.message));
  return messages.dumpPlanned({ into, how: action.kind, tables, rows, others: others.join(', ') });
};

const dumpLines = ({ dumps }: DatabasePlan, messages: Messages): readonly string[] =>
  dumps.flatMap((dump) => [
    `    ${terminalLine(dumpLine(dump, messages))}`,
    ...dump.notes.map((note) => `      ${terminalLine(note)}`),
    ...(dump.action.kind === 'refuse' && dump.action.fault.hint !== undefined
      ? [`      ${messages.hint(terminalLine(dump.action.fault.hint))}`]
      : []),
  ]);

const componentLines = (component: PlannedComponent, context: CommandContext): readonly string[] => {
  const { messages } = context;
  if (component.kind === 'files') {
    return [`  ${component.name}`, ...component.parts.flatMap((part) => partLines(part, context))];
  }
  const { outlook } = component;
  return [
    `  ${component.name}`,
    ...(outlook.kind === 'planned'
      ? dumpLines(outlook.plan, messages)
      : [`    ${messages.databaseSilent(terminalLine(outlook.fault.message))}`]),
  ];
};

/** The plan, for a person. */
export const planLines = (
  { backup, name }: OpenedServer,
  { components, services }: ServerPlan,
  context: CommandContext,
): readonly string[] => {
  const { messages } = context;
  const { stop, startFirst, start } = services;
  return [
    messages.serverRestorePlan(name, backup.description),
    ...(stop.length > 0 ? [`  ${messages.servicesStop(stop)}`] : []),
    ...components.flatMap((component) => componentLines(component, context)),
    ...(startFirst.length > 0 ? [`  ${messages.servicesStartFirst(startFirst)}`] : []),
    ...(start.length > 0 ? [`  ${messages.servicesStart(start)}`] : []),
  ];
};

const dumpRecord = ({ file, into, action, tables, rows, others, notes }: PlannedDump) => ({
  file: displayText(file),
  into,
  action: action.kind,
  ...(action.kind === 'refuse' ? { message: action.fault.message, hint: action.fault.hint } : {}),
  tables,
  rows,
  others,
  notes,
});

const componentRecord = (component: PlannedComponent) => {
  const { name } = component;
  if (component.kind === 'files') {
    const places = component.parts.map(({ place, merges, plan }) => ({
      place,
      merged: merges,
      create: countsRecord(plan.create),
      overwrite: countsRecord(plan.overwrite),
      leave: countsRecord(plan.leave),
      refused: plan.refusals.map(({ path, fault }) => ({ item: displayText(path), message: fault.message })),
    }));
    return { component: name, places };
  }
  const { outlook } = component;
  if (outlook.kind === 'silent') return { component: name, silent: outlook.fault.message };
  return { component: name, databases: outlook.plan.dumps.map(dumpRecord) };
};

/** The same as a line of `--json`. */
export const planRecord = ({ backup, name }: OpenedServer, { components, services }: ServerPlan): string =>
  JSON.stringify({
    message_type: 'plan',
    server: name,
    backup: backup.name,
    components: components.map(componentRecord),
    services: { stop: services.stop, start: [...services.startFirst, ...services.start] },
  });
