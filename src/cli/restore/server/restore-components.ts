import { resolve } from 'node:path';
import type { StoredComponent } from '../../../contract/server-backup.ts';
import type { Services } from '../../../contract/services.ts';
import type { Overwrite } from '../../../contract/target.ts';
import { displayText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { restoreOrder } from '../../../model/restore-order.ts';
import { compareFiles } from '../../../operation/server/restore/file-component.ts';
import {
  type ComponentWork,
  planServer,
  restoreServer,
  type ServerPlan,
  type ServerRestoreParts,
} from '../../../operation/server/restore/restore-server.ts';
import { recordedDatabase, recordedServices, servicesOf } from '../../../registry/server.ts';
import { sleep } from '../../../system/clock.ts';
import { confirm, isAttended } from '../../confirm.ts';
import type { CommandContext } from '../../context.ts';
import { exitCode } from '../../exit-code.ts';
import { type OpenedServer, withServerBackup } from '../open-server-backup.ts';
import { componentWorks } from './component-works.ts';
import { planLines, planRecord } from './plan-lines.ts';
import { restoreNote } from './restore-note.ts';
import { isWholeRestore, printServerRestore } from './result-lines.ts';
import type { ServerRestoreOptions } from './server-restore-options.ts';

export interface ComponentsWish extends ServerRestoreOptions {
  /** Which backup; by default the newest. */
  readonly from: string;
  readonly overwrite: Overwrite;
  readonly verify: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** A database may take some minutes until it answers for the first time. */
const waiting = { sleep, attempts: 90, pause: 2000 } as const;

/** What is damaged of what is wanted is named. Fault `verification-failed` unless it was said to go on. */
const requireWhole = async (
  { backup }: OpenedServer,
  components: readonly StoredComponent[],
  { despiteDamage }: ComponentsWish,
  { run, output, messages }: CommandContext,
): Promise<void> => {
  run.emit({ kind: 'phase', phase: 'checking the backup' });
  const damages = await backup.check(
    components.map(({ name }) => name),
    run,
  );
  for (const { path, fault } of damages) run.emit({ kind: 'fault', path, fault });
  if (damages.length === 0) {
    output.say(messages.backupWhole(backup.description));
    return;
  }
  const [first] = damages;
  const names = damages.length === 1 && first !== undefined ? displayText(first.path) : `${damages.length} places`;
  if (despiteDamage) return;
  throw new Fault('verification-failed', `the backup ${backup.description} is damaged: ${names}`, {
    hint: 'Nothing was restored. Take another backup with --from, or restore what is whole of this one with --despite-damage.',
    context: { damages: damages.length },
  });
};

/** What runs here and reads or writes what is restored. */
const servicesFor = async (
  { backup, job }: OpenedServer,
  { into, services }: ComponentsWish,
  { environment }: CommandContext,
): Promise<Services | undefined> => {
  const recorded = backup.origin?.stop;
  if (into !== undefined || !services) return undefined;
  const stop =
    job === undefined ? (recorded === undefined ? undefined : await recordedServices(recorded)) : job.entry.stop;
  if (stop === undefined) return undefined;
  const settings =
    job === undefined
      ? await Promise.all(
          (backup.origin?.components ?? []).flatMap(({ database }) =>
            database === undefined ? [] : [recordedDatabase(database)],
          ),
        )
      : Object.values(job.entry.components).flatMap((one) => (one.kind === 'database' ? [one.setting] : []));
  return servicesOf({ stop, databases: settings, variables: environment.variables });
};

/** In place everything asks; elsewhere only what would overwrite something. */
const isHarmless = ({ components }: ServerPlan, { into }: ComponentsWish): boolean =>
  into !== undefined &&
  components.every(
    (one) =>
      one.kind === 'files' &&
      one.parts.every(({ plan }) => plan.overwrite.files === 0 && plan.overwritten.length === 0),
  );

const mayGoAhead = async (
  plan: ServerPlan,
  { name }: OpenedServer,
  wish: ComponentsWish,
  context: CommandContext,
): Promise<boolean> => {
  if (wish.yes || isHarmless(plan, wish)) return true;
  if (isAttended(context) && !context.options.json) {
    return confirm(context.messages.askServerRestore(name, wish.into), context);
  }
  const where = wish.into === undefined ? `over the server ${name} itself` : `over what is in ${wish.into}`;
  throw new Fault('target-occupied', `this restores ${where}, and there is nobody to ask`, {
    hint: 'See the plan with --dry-run, then say --yes; or restore into an empty folder with --into.',
  });
};

const tellOfBackup = ({ backup }: OpenedServer, { run, messages }: CommandContext): void => {
  if (!backup.isComplete) run.emit({ kind: 'notice', message: messages.backupIncomplete(backup.description) });
};

const compareOnly = async (works: readonly ComponentWork[], context: CommandContext): Promise<number> => {
  const { run, output, messages, options } = context;
  const overlooked = new Set(process.geteuid?.() === 0 ? [] : ['owner']);
  let all = 0;
  for (const work of works) {
    run.emit({ kind: 'phase', phase: `comparing ${work.name}` });
    const differences = work.kind === 'files' ? await compareFiles(work.parts, overlooked, run) : undefined;
    all += differences ?? 0;
    output.update(undefined);
    if (options.json) {
      output.print(JSON.stringify({ message_type: 'comparison', component: work.name, differences }));
    } else if (differences === undefined) output.print(messages.databaseNotCompared(work.name));
    else output.print(messages.componentCompared(work.name, differences));
  }
  return all === 0 ? exitCode.good : exitCode.incomplete;
};

const showPlan = (opened: OpenedServer, plan: ServerPlan, context: CommandContext): void => {
  const { output, options } = context;
  output.update(undefined);
  if (options.json) output.print(planRecord(opened, plan));
  else for (const line of planLines(opened, plan, context)) output.print(line);
};

const restoreOpened = async (opened: OpenedServer, wish: ComponentsWish, context: CommandContext): Promise<number> => {
  const { run, output, messages, environment, options } = context;
  const began = run.now();
  const components = restoreOrder(opened.backup.components, wish.component);
  tellOfBackup(opened, context);
  const into = wish.into === undefined ? undefined : resolve(wish.into);
  const note = into === undefined ? restoreNote(environment.stateDirectory, opened.name) : undefined;
  const begun = (await note?.read())?.places ?? [];
  const mergesMail = !wish.compare && wish.overwrite !== 'always';
  const works = await componentWorks(opened, components, { into, replace: wish.replace, mergesMail, begun }, context);
  if (wish.compare) return compareOnly(works, context);
  await requireWhole(opened, components, wish, context);
  const parts: ServerRestoreParts = {
    components: works,
    services: await servicesFor(opened, wish, context),
    note,
    wish: {
      overwrite: wish.overwrite,
      verify: wish.verify,
      isWhole: wish.component.some((list) => list.split(',').includes('all')),
    },
    waiting,
  };
  const plan = await planServer(parts, run);
  showPlan(opened, plan, context);
  if (wish.dryRun) {
    if (!options.json) output.print(messages.planOnly());
    return exitCode.good;
  }
  if (!(await mayGoAhead(plan, opened, { ...wish, ...(into === undefined ? {} : { into }) }, context))) {
    output.print(messages.declined());
    return exitCode.incomplete;
  }
  const report = await restoreServer(parts, plan, run);
  printServerRestore(report, Number(run.now() - began) / 1e6, context);
  return isWholeRestore(report) ? exitCode.good : exitCode.incomplete;
};

/** `restore --from WHERE --component LIST`: parts of a server, or all of it, back to where they were or below a folder. */
export const restoreComponents = async (wish: ComponentsWish, context: CommandContext): Promise<number> => {
  const { from, server, compare, dryRun, into, despiteDamage } = wish;
  if (compare && dryRun) {
    throw new Fault('usage', '--compare changes nothing, so there is nothing to leave out with --dry-run');
  }
  if (into === '') throw new Fault('usage', 'the folder to restore into is empty');
  return withServerBackup({ from, server, despiteDamage }, (opened) => restoreOpened(opened, wish, context), context);
};
