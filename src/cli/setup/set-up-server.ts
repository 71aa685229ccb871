import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { Fault } from '../../model/fault.ts';
import { type PresetName, type PresetFinding, weightOf } from '../../preset/finding.ts';
import { isOfSystem, propose, type SeenStack, seenStacks } from '../../preset/known-presets.ts';
import { entryOf, type Proposal } from '../../preset/proposal.ts';
import type { Machine } from '../../contract/machine.ts';
import { localMachine } from '../../protocol/server/local-machine.ts';
import { confirm, isAttended } from '../confirm.ts';
import type { CommandContext } from '../context.ts';
import { exitCode } from '../exit-code.ts';
import { type ConfigPlace, configPlace, validated, wantedRepository, writeConfig } from './config-place.ts';
import { withAddition } from './config-text.ts';
import { ensureRepository, type WantedRepository } from './ensure-repository.ts';
import type { SetupOptions } from './setup-options.ts';

export const machineOf = ({ environment, run }: CommandContext): Machine =>
  localMachine({ home: environment.home, variables: environment.variables }, run);

/** The stacks of this machine, for what is proposed when nothing was said. */
export const stacksHere = (context: CommandContext): Promise<readonly SeenStack[]> =>
  seenStacks(machineOf(context), process.cwd());

/** Where the stack is: as it was said, or the one that is found. */
const rootOf = async (preset: PresetName, { root }: SetupOptions, machine: Machine): Promise<string> => {
  if (root !== undefined) return resolve(root);
  if (isOfSystem(preset)) return '/';
  const roots = (await seenStacks(machine, process.cwd()))
    .filter((seen) => seen.preset === preset)
    .map((seen) => seen.root);
  const [first, ...others] = roots;
  if (first !== undefined && others.length === 0) return first;
  if (first === undefined) throw missing(preset, 'in the usual places');
  throw new Fault('usage', `there is more than one ${preset} on this machine: ${roots.join(', ')}`, {
    hint: 'Say which one: --root FOLDER.',
  });
};

const missing = (preset: PresetName, where: string): Fault =>
  new Fault('source-missing', `no ${preset} was found ${where}`, {
    hint: isOfSystem(preset)
      ? 'Say where its file system begins: --root FOLDER. docs/presets.md tells what is looked for.'
      : 'Say which folder has its compose file: --root FOLDER. docs/presets.md tells what is looked for.',
  });

interface Destination {
  readonly repository: WantedRepository | undefined;
  readonly disk: string | undefined;
}

/** A disk alone is enough, unless a repository is named or there is one. */
const destinationOf = async (
  place: ConfigPlace,
  { disk, repo }: SetupOptions,
  context: CommandContext,
): Promise<Destination> => {
  const path = disk === undefined ? undefined : resolve(disk);
  const hasOwn = repo !== undefined || Object.keys(place.loaded?.config.repositories ?? {}).length > 0;
  if (path !== undefined && !hasOwn) return { repository: undefined, disk: path };
  return { repository: await wantedRepository(place, context, undefined), disk: path };
};

const serverEntry = (
  { root, components, composeFile }: Proposal,
  { repository, disk }: Destination,
): Readonly<Record<string, unknown>> => ({
  root,
  components: Object.fromEntries([...components].map(([name, component]) => [name, entryOf(component)])),
  ...(disk === undefined ? {} : { disk: { path: disk } }),
  ...(composeFile === undefined ? {} : { stop: { compose: { file: composeFile } } }),
  ...(repository === undefined ? {} : { repository: repository.name }),
});

const tellFindings = (findings: readonly PresetFinding[], { output, messages }: CommandContext): void => {
  for (const finding of findings) {
    const { message, hint } = messages.presetFinding(finding);
    output.print(messages.presetLine(weightOf(finding), message));
    if (hint !== undefined) output.print(messages.presetAdvice(hint));
  }
};

const mayWrite = async (place: ConfigPlace, { yes }: SetupOptions, context: CommandContext): Promise<boolean> => {
  if (yes) return true;
  const { messages } = context;
  const isThere = place.before !== undefined;
  if (isAttended(context)) {
    return confirm(isThere ? messages.presetAdd(place.file) : messages.setupWrite(place.file), context);
  }
  if (!isThere) return true;
  throw new Fault('usage', `there is a configuration already at ${place.file}, and nobody can be asked`, {
    hint: 'Add --yes to add the server to it. Nothing was written.',
  });
};

interface Outcome {
  readonly name: string;
  readonly entry: Readonly<Record<string, unknown>>;
  readonly file: string;
  readonly isWritten: boolean;
}

const tellOutcome = (proposal: Proposal, outcome: Outcome, options: SetupOptions, context: CommandContext): void => {
  const { output, messages } = context;
  const { name, entry, file, isWritten } = outcome;
  const { preset, root, findings } = proposal;
  if (options.json) {
    const told = findings.map((finding) => ({
      weight: weightOf(finding),
      ...finding,
      ...messages.presetFinding(finding),
    }));
    const common = { message_type: 'preset', preset, root, server: name, file, written: isWritten };
    output.print(JSON.stringify({ ...common, entry, findings: told }));
    return;
  }
  if (options.dryRun) {
    output.print(messages.presetWouldWrite(file));
    output.print(stringify({ servers: { [name]: entry } }, { lineWidth: 0, flowCollectionPadding: true }).trimEnd());
  } else output.print(isWritten ? messages.presetDone(name, file) : messages.setupNothingWritten());
};

/** Looks at a stack, tells what it found and what not, and adds a server to the configuration. */
export const setUpServer = async (
  preset: PresetName,
  options: SetupOptions,
  context: CommandContext,
): Promise<number> => {
  const place = await configPlace(context);
  const machine = machineOf(context);
  const root = await rootOf(preset, options, machine);
  const proposal = await propose(preset, machine, root);
  if (proposal === undefined) throw missing(preset, `at ${root}`);
  if (!options.json) tellFindings(proposal.findings, context);
  if (proposal.components.size === 0) {
    throw new Fault('source-missing', `there is nothing at ${root} that could be backed up`, {
      hint: 'What was looked for is told above; nothing was written.',
    });
  }
  const destination = await destinationOf(place, options, context);
  const name = options.serverName ?? preset;
  const entry = serverEntry(proposal, destination);
  const repository = destination.repository?.isNew === true ? destination.repository : undefined;
  const text = withAddition(place.before, { section: 'servers', added: { name, entry }, repository });
  await validated(text, place, context);
  const isWritten = !options.dryRun && (await mayWrite(place, options, context));
  if (isWritten) {
    if (repository !== undefined) await ensureRepository(repository, context);
    await writeConfig(place, text);
  }
  tellOutcome(proposal, { name, entry, file: place.file, isWritten }, options, context);
  if (!options.dryRun && !isWritten) return exitCode.incomplete;
  return proposal.findings.some((finding) => weightOf(finding) === 'loss') ? exitCode.incomplete : exitCode.good;
};
