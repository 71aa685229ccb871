import { terminalLine } from '../../../mail/terminal-text.ts';
import { formatBytes, formatDuration } from '../../../model/size.ts';
import { drawStep } from './draw-step.ts';
import type { RunbookBlock } from './runbook-block.ts';
import type { RunbookComponent, RunbookFacts } from './runbook-facts.ts';
import { diskOf } from './machine-commands.ts';
import { type RunbookStep, runbookSteps } from './runbook-steps.ts';
import type { RunbookWords } from './words.ts';

export interface RunbookDrawing {
  readonly words: RunbookWords;
  readonly timeOf: (milliseconds: number) => string;
}

const nameOfSite = ({ where }: RunbookFacts): string =>
  where.kind === 'disk' ? where.folder : `${where.location} (${where.snapshot.slice(0, 8)})`;

/** `Dovecot 2.3.19.1` and the like, databases with what is in them. */
const programsOf = ({ machine, components }: RunbookFacts): readonly string[] => [
  ...Object.entries(machine?.programs ?? {}).map(([name, version]) => `${name} ${version}`),
  ...components.flatMap((component) => {
    if (component.kind === 'files') return [];
    const names = component.dumps.map(({ database }) => database).join(', ');
    return [`${component.database} ${component.version ?? ''}`.trim() + (names === '' ? '' : ` (${names})`)];
  }),
];

const factsOf = (facts: RunbookFacts, { words, timeOf }: RunbookDrawing): readonly (readonly [string, string])[] => {
  const { where, started, verified, machine, components, owners } = facts;
  const [files, bytes] = components.reduce(([f, b], one) => [f + one.files, b + one.bytes], [0, 0] as [number, number]);
  const disk = diskOf(where);
  const programs = programsOf(facts);
  const system =
    machine && `${machine.distribution ?? words.runbookUnknown()}, ${machine.kernel} ${machine.architecture}`;
  const named = owners.map(({ uid, gid, user, group }) => `${user || uid}:${group || gid} (${uid}:${gid})`);
  return [
    [words.runbookBackup(), nameOfSite(facts)],
    [words.runbookMade(), timeOf(started)],
    [words.runbookVerified(), verified === undefined ? words.runbookNotVerified() : timeOf(verified)],
    [words.runbookSize(), words.runbookFilesAndBytes(files, formatBytes(bytes))],
    [words.runbookSystem(), system ?? words.runbookUnknown()],
    [words.runbookPrograms(), programs.length === 0 ? words.runbookUnknown() : programs.join('; ')],
    ...(where.kind === 'disk'
      ? [
          [
            words.runbookDisk(),
            disk === undefined
              ? words.runbookUnknown()
              : `UUID ${disk.uuid ?? words.runbookUnknown()}, ${disk.type}, ${disk.device}, ${disk.mountPoint}`,
          ] as const,
        ]
      : []),
    ...(named.length === 0 ? [] : [[words.runbookOwners(), named.join(', ')] as const]),
  ];
};

const estimateFor = (name: string, steps: readonly RunbookStep[]): number | undefined =>
  steps.find(
    ({ subject }) => (subject.kind === 'files' || subject.kind === 'database') && subject.component.name === name,
  )?.estimate;

const timeLine = (
  { name, bytes, captured }: RunbookComponent,
  steps: readonly RunbookStep[],
  { runbookTime }: RunbookWords,
): string => {
  const estimate = estimateFor(name, steps);
  return runbookTime({
    name,
    size: formatBytes(bytes),
    captured: captured === undefined ? undefined : formatDuration(captured),
    estimate: estimate === undefined ? undefined : formatDuration(estimate),
  });
};

/** What comes from outside may hold what moves a cursor; commands are quoted, so that nothing in them does. */
const safe = (block: RunbookBlock): RunbookBlock => {
  switch (block.kind) {
    case 'title':
    case 'heading':
    case 'paragraph':
      return { ...block, text: terminalLine(block.text) };
    case 'list':
      return { ...block, items: block.items.map(terminalLine) };
    case 'facts':
      return { ...block, rows: block.rows.map(([label, value]) => [label, terminalLine(value)] as const) };
    case 'commands':
      return block;
  }
};

/** The recovery of a server in words, before it is text, Markdown or HTML. */
export const drawRunbook = (facts: RunbookFacts, drawing: RunbookDrawing): readonly RunbookBlock[] => {
  const { words } = drawing;
  const steps = runbookSteps(facts);
  const blocks: readonly RunbookBlock[] = [
    { kind: 'title', text: words.runbookTitle(facts.server) },
    ...words.runbookIntroduction().map((text) => ({ kind: 'paragraph', text }) as const),
    ...(facts.isComplete ? [] : [{ kind: 'paragraph', text: words.runbookIncomplete() } as const]),
    { kind: 'facts', rows: factsOf(facts, drawing) },
    ...steps.flatMap((step, at) => drawStep(step, { number: at + 1, facts, words })),
    { kind: 'heading', text: words.runbookTimes() },
    { kind: 'paragraph', text: words.runbookTimesExplained() },
    { kind: 'list', items: facts.components.map((component) => timeLine(component, steps, words)) },
  ];
  return blocks.map(safe);
};
