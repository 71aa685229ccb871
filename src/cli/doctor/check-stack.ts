import type { Machine } from '../../contract/machine.ts';
import { type Engine, type PresetFinding, weightOf } from '../../preset/finding.ts';
import { type CapturedServer, forgottenOf } from '../../preset/forgotten.ts';
import { propose, type SeenStack, stackOfServer } from '../../preset/known-presets.ts';
import { placesOf } from '../../protocol/server/files-component.ts';
import { componentsOf, type ComponentSetting } from '../../registry/server.ts';
import type { CommandContext } from '../context.ts';
import { componentPartsOf } from '../server/capture-server.ts';
import type { ServerJob } from '../server/server-job.ts';
import { machineOf } from '../setup/set-up-server.ts';
import { failed, type Tell } from './finding.ts';

const capturedBy = ({ entry }: ServerJob): CapturedServer => {
  const components = Object.entries(entry.components);
  return {
    places: components.flatMap(([component, setting]) =>
      setting.kind === 'files' ? [...placesOf(setting, entry.root).values()].map((path) => ({ component, path })) : [],
    ),
    databases: components.flatMap(([component, setting]) => {
      if (setting.kind !== 'database') return [];
      const engine: Engine = setting.setting.database;
      const files = setting.setting.database === 'sqlite' ? Object.values(setting.setting.files) : [];
      return [{ component, engine, files }];
    }),
  };
};

/** Names of the databases that a server has, as its dumps are called. */
const namesOf = async (
  name: string,
  setting: ComponentSetting,
  job: ServerJob,
  context: CommandContext,
): Promise<readonly string[]> => {
  const parts = { ...componentPartsOf(job, context), place: 'disk', takesOver: true, rescan: false } as const;
  const [component] = await componentsOf({ [name]: setting }, parts);
  const source = await component?.open(context.run);
  const names: string[] = [];
  try {
    for await (const { listing } of source?.capture(undefined, context.run) ?? []) {
      if (listing.kind !== 'listed') continue;
      for await (const page of listing.pages) {
        for (const child of page) if (child.kind === 'fresh') names.push(child.entry.name);
      }
    }
  } finally {
    await source?.close();
  }
  return names.flatMap((file) => (/^(?:users|globals)\.sql$/.test(file) ? [] : (/^(.*)\.sql$/.exec(file)?.[1] ?? [])));
};

const lookedAt = async (
  job: ServerJob,
  machine: Machine,
): Promise<{ readonly stack: SeenStack | undefined; readonly findings: readonly PresetFinding[] }> => {
  const stack = await stackOfServer(machine, job.entry.root);
  const proposal = stack === undefined ? undefined : await propose(stack.preset, machine, stack.root);
  return { stack, findings: await forgottenOf(machine, capturedBy(job), proposal) };
};

const tellFinding = (subject: string, finding: PresetFinding, { messages }: CommandContext, tell: Tell): void => {
  const { message, hint } = messages.presetFinding(finding);
  tell({ state: weightOf(finding) === 'loss' ? 'failed' : 'warning', subject, check: 'stack', message, hint });
};

/** What a mail server of its kind has, and the configuration forgets. */
export const checkStack = async (job: ServerJob, context: CommandContext, tell: Tell): Promise<void> => {
  const { name } = job;
  try {
    const { stack, findings } = await lookedAt(job, machineOf(context));
    for (const finding of findings) tellFinding(name, finding, context, tell);
    if (stack !== undefined && findings.length === 0) {
      const message = context.messages.doctorStack(stack.preset, stack.root);
      tell({ state: 'ok', subject: name, check: 'stack', message });
    }
  } catch (error) {
    tell(failed(name, 'stack', error));
  }
};

/** Where only some databases of a server are dumped: those that are there beside them. */
export const checkChosen = async (
  job: ServerJob,
  component: string,
  context: CommandContext,
  tell: Tell,
): Promise<void> => {
  const setting = job.entry.components[component];
  if (setting?.kind !== 'database' || !('databases' in setting.setting)) return;
  const { databases: chosen, ...rest } = setting.setting;
  if (chosen === undefined) return;
  const all = await namesOf(component, { ...setting, setting: rest }, job, context);
  const names = all.filter((name) => !chosen.includes(name));
  if (names.length > 0) tellFinding(job.name, { code: 'forgotten-databases', component, names }, context, tell);
};
