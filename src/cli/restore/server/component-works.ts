import { join } from 'node:path';
import type { ServerBackup, StoredComponent } from '../../../contract/server-backup.ts';
import type { Run } from '../../../contract/run.ts';
import { byteStringOfText, displayText } from '../../../model/byte-string.ts';
import type { Entry } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import type { FilePart } from '../../../operation/server/restore/file-component.ts';
import type { ComponentWork } from '../../../operation/server/restore/restore-server.ts';
import { databaseTargetOf, mustRunToRestore, placesOfComponent, recordedDatabase } from '../../../registry/server.ts';
import type { CommandContext } from '../../context.ts';
import { databasePartsOf } from '../../server/capture-server.ts';
import type { OpenedServer } from '../open-server-backup.ts';
import { filePart } from './file-part.ts';
import { hasMaildirs } from './living-mail.ts';
import { resolvePlace } from './resolve-place.ts';

export interface WorkWish {
  /** Undefined: everything to where it came from. */
  readonly into: string | undefined;
  readonly replace: boolean;
  /** Mail that lives at its place is added to; else all is made as it was. */
  readonly mergesMail: boolean;
  /** Places at which a restore that did not come to its end was making all as it was. */
  readonly begun: readonly string[];
}

/** Nothing that serves mail reads them. */
const restless: readonly string[] = ['logs', 'scripts'];

const unknownPlace = (component: string, name: string): Fault =>
  new Fault('usage', `it is not known where ${name} of ${component} came from`, {
    hint: 'The backup does not say it: restore it with --into FOLDER, or describe the server in mailkeep.yaml.',
    context: { component, name },
  });

/** By the names at the root of a component: where the configuration has it now, else where the backup says it was. */
const placesOf = async ({ backup, job }: OpenedServer, component: string): Promise<ReadonlyMap<string, string>> => {
  const recorded = backup.origin?.components.find(({ name }) => name === component)?.places ?? {};
  const configured = job === undefined ? new Map<string, string>() : await placesOfComponent(job.entry, component);
  return new Map([...Object.entries(recorded), ...configured]);
};

const entriesOf = async (backup: ServerBackup, component: string, run: Run): Promise<readonly Entry[]> => {
  const source = await backup.open([byteStringOfText(component)], run);
  try {
    const entries: Entry[] = [];
    for await (const page of source.children([], run)) for (const { entry } of page) entries.push(entry);
    return entries;
  } finally {
    await source.close();
  }
};

const fileParts = async (
  opened: OpenedServer,
  { name: component, form }: StoredComponent,
  { into, mergesMail, begun }: WorkWish,
  context: CommandContext,
): Promise<readonly FilePart[]> => {
  const { backup } = opened;
  const places = await placesOf(opened, component);
  const onDisk = backup.kind === 'dated' ? backup.description : undefined;
  const parts: FilePart[] = [];
  for (const entry of await entriesOf(backup, component, context.run)) {
    const name = displayText(entry.name);
    const place = places.get(name) ?? (into === undefined ? undefined : join('/', component, name));
    if (place === undefined) throw unknownPlace(component, name);
    const to = await resolvePlace({ place, into, backup: onDisk });
    const whole = join(to.folder, to.name);
    const mayMerge = mergesMail && into === undefined && form === 'tree' && entry.type === 'directory';
    const merges = mayMerge && !begun.includes(whole) && (await hasMaildirs(whole));
    parts.push(filePart({ backup, component, entry, to, isLive: into === undefined, merges }, context));
  }
  return parts;
};

const dumpPart = async (
  { backup }: OpenedServer,
  component: string,
  into: string,
  context: CommandContext,
): Promise<FilePart> => {
  const to = await resolvePlace({ place: join('/', component), into, backup: undefined });
  return filePart({ backup, component, entry: undefined, to, isLive: false, merges: false }, context);
};

const databaseWork = async (
  opened: OpenedServer,
  component: string,
  { replace }: WorkWish,
  context: CommandContext,
): Promise<ComponentWork> => {
  const { backup, job, name } = opened;
  const configured = job?.entry.components[component];
  const recorded = backup.origin?.components.find((one) => one.name === component)?.database;
  const setting =
    configured?.kind === 'database'
      ? configured.setting
      : recorded === undefined
        ? undefined
        : await recordedDatabase(recorded);
  if (setting === undefined) {
    throw new Fault('usage', `it is not known how the database ${component} is reached`, {
      hint: 'The backup does not say it: restore its dumps with --into FOLDER, or describe the server in mailkeep.yaml.',
      context: { component },
    });
  }
  return {
    name: component,
    kind: 'database',
    needsRest: true,
    database: {
      mustRun: mustRunToRestore(setting),
      open: (run) => backup.open([byteStringOfText(component)], run),
      target: (run) => databaseTargetOf(setting, { parts: databasePartsOf(name, context), replace }, run),
    },
  };
};

/** What is to be done for each component. Faults: `usage` when its place is not known, `target-unsafe` when it cannot be meant. */
export const componentWorks = async (
  opened: OpenedServer,
  components: readonly StoredComponent[],
  wish: WorkWish,
  context: CommandContext,
): Promise<readonly ComponentWork[]> => {
  const works: ComponentWork[] = [];
  for (const component of components) {
    const { name, form } = component;
    const needsRest = wish.into === undefined && !restless.includes(name);
    if (form !== 'dump') {
      works.push({ name, kind: 'files', needsRest, parts: await fileParts(opened, component, wish, context) });
    } else if (wish.into === undefined) {
      works.push(await databaseWork(opened, name, wish, context));
    } else {
      works.push({ name, kind: 'files', needsRest, parts: [await dumpPart(opened, name, wish.into, context)] });
    }
  }
  return works;
};
