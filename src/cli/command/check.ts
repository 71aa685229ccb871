import { InvalidArgumentError } from 'commander';
import type { Run } from '../../contract/run.ts';
import { displayText } from '../../model/byte-string.ts';
import type { Event } from '../../model/event.ts';
import { Fault } from '../../model/fault.ts';
import { formatBytes, parseBytes } from '../../model/size.ts';
import type { PackSubset } from '../../store/restic/check/check-packs.ts';
import type { CheckReport } from '../../store/restic/check/check-report.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { addLeftOut } from '../left-out.ts';
import { withRepository } from '../open-repository.ts';

interface CheckCommandOptions extends GlobalOptions {
  readonly readData: boolean;
  readonly readDataSubset?: PackSubset;
  /** `--no-evidence` makes it false. */
  readonly evidence: boolean;
}

const mostParts = 256;
const expected = `It must be n/t (n from 1 to t, t at most ${mostParts}), a percentage such as 2.5%, a size such as 10G, or rotate/t.`;

/** `2/7`, `2.5%`, `10G`, as restic takes them, and our `rotate/7`. */
export const parseSubset = (text: string): PackSubset => {
  const rotation = /^rotate\/(\d{1,3})$/.exec(text);
  if (rotation !== null) {
    const parts = Number(rotation[1]);
    if (parts >= 1 && parts <= mostParts) return { kind: 'rotation', parts };
    throw new InvalidArgumentError(expected);
  }
  const share = /^(\d{1,3})\/(\d{1,3})$/.exec(text);
  if (share !== null) {
    const [part, parts] = [Number(share[1]), Number(share[2])];
    if (part >= 1 && part <= parts && parts <= mostParts) return { kind: 'share', part, parts };
    throw new InvalidArgumentError(expected);
  }
  if (text.endsWith('%')) {
    const percent = /^\d{1,3}(?:\.\d{1,9})?%$/.test(text) ? Number(text.slice(0, -1)) : 0;
    if (percent > 0 && percent <= 100) return { kind: 'fraction', fraction: percent / 100 };
    throw new InvalidArgumentError(expected);
  }
  const bytes = parseBytes(text);
  if (bytes === undefined || bytes === 0) throw new InvalidArgumentError(expected);
  return { kind: 'bytes', bytes };
};

export const checkCommand: DefineCommand = (execute) =>
  addLeftOut(
    newCommand('check', 'look whether the repository is whole')
      .option('--read-data', 'read and verify every byte', false)
      .option('--read-data-subset <part>', 'read a part: 2/7 (second of seven), rotate/7, 5%, 10G', parseSubset)
      .option('--no-evidence', 'do not note in the repository what was read'),
    [{ flags: '--with-cache', instead: 'A check never trusts a cache.' }],
  )
    .addHelpText(
      'after',
      examples([
        'mailkeep check                          structure: index, snapshots, folders, sizes of packs',
        'mailkeep check --read-data              every byte as well',
        'mailkeep check --read-data-subset 1/30  a thirtieth; 2/30 the next night, and so on',
        'mailkeep check --read-data-subset rotate/30   what was read longest ago: all in 30 nights',
      ]),
    )
    .action((options: CheckCommandOptions) => execute(options, (context) => checkAll(options, context)));

const subsetOf = ({ readData, readDataSubset }: CheckCommandOptions): PackSubset => {
  if (readData && readDataSubset !== undefined) {
    throw new Fault('usage', '--read-data reads everything, and --read-data-subset only a part', {
      hint: 'Leave one of them out.',
    });
  }
  return readDataSubset ?? { kind: readData ? 'all' : 'none' };
};

const checkAll = (options: CheckCommandOptions, context: CommandContext): Promise<number> => {
  const readData = subsetOf(options);
  return withRepository(context, async (repository) => {
    const { checkRepository } = await import('../../store/restic/check/check.ts');
    const teller = createTeller(context);
    const run: Run = { signal: context.run.signal, now: () => context.run.now(), emit: teller.hear };
    const report = await checkRepository(
      repository,
      { readData, random: Math.random, keepEvidence: options.evidence },
      run,
    );
    context.output.update(undefined);
    if (options.json) context.output.print(JSON.stringify(summaryRecord(report, teller.faults)));
    else printSummary(report, teller.hints, context);
    return report.damage > 0 ? exitCode.incomplete : exitCode.good;
  });
};

interface Teller {
  readonly hear: (event: Event) => void;
  readonly faults: Fault[];
  /** What to do, each once. */
  readonly hints: ReadonlySet<string>;
}

/** Damage is the result of a check: it is printed as it is found. Everything else goes its usual way. */
const createTeller = ({ run, output, messages, options }: CommandContext): Teller => {
  const faults: Fault[] = [];
  const hints = new Set<string>();
  const hear = (event: Event): void => {
    if (event.kind === 'fault') {
      if (faults.length < rememberedAtMost) faults.push(event.fault);
      if (event.fault.hint !== undefined) hints.add(event.fault.hint);
    }
    if (options.json || event.kind === 'progress' || event.kind === 'entry' || event.kind === 'log') run.emit(event);
    else if (event.kind === 'fault') {
      const where = event.path === undefined ? '' : `${displayText(event.path)}: `;
      output.print(messages.damaged(where + event.fault.message));
    } else if (event.kind === 'notice') output.print(messages.remark(event.message));
    else if (!options.quiet) output.say(messages.checkPhase(event.phase));
  };
  return { hear, faults, hints };
};

const rememberedAtMost = 10_000;

/** Packs that are damaged, whole ids, each once. */
const brokenPacks = (faults: readonly Fault[]): readonly string[] => {
  const ids = faults.flatMap(({ code, context }) => (code === 'pack-damaged' ? [String(context['pack'] ?? '')] : []));
  return [...new Set(ids)].filter((id) => id !== '').sort();
};

/** restic's members, and ours behind them. */
const summaryRecord = (report: CheckReport, faults: readonly Fault[]): Record<string, unknown> => ({
  message_type: 'summary',
  num_errors: report.damage,
  broken_packs: report.damage === 0 ? null : brokenPacks(faults),
  suggest_repair_index: faults.some(({ code }) => code === 'index-damaged'),
  suggest_prune: report.remarks > 0,
  remarks: report.remarks,
  snapshots: report.snapshots,
  trees: report.trees,
  blobs: report.blobs,
  packs: report.packs,
  packs_read: report.packsRead,
  bytes_read: report.bytesRead,
});

const printSummary = (report: CheckReport, hints: ReadonlySet<string>, context: CommandContext): void => {
  const { output, messages, options } = context;
  if (!options.quiet) {
    output.print(messages.checkedAll(report));
    output.print(messages.checkedRead(report.packsRead, report.packs, formatBytes(report.bytesRead)));
  }
  if (report.remarks > 0) output.print(messages.checkRemarks(report.remarks));
  if (report.damage === 0) {
    output.print(messages.checkGood());
    return;
  }
  output.print(messages.checkBad(report.damage));
  if (hints.size === 0) return;
  output.print(messages.adviceHeading());
  for (const hint of hints) output.print(messages.advice(hint));
};
