import type { TargetPlan } from '../../contract/target.ts';
import { displayText } from '../../model/byte-string.ts';
import type { Counts } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { formatBytes } from '../../model/size.ts';
import { confirm, isAttended } from '../confirm.ts';
import type { CommandContext } from '../context.ts';

/** What a restore is about, as a person is told it. */
export interface RestoreSubject {
  /** `snapshot 1a2b3c4d:/home/alice`. */
  readonly source: string;
  /** Absolute. */
  readonly target: string;
  /** Back to where it was taken from, or over the root of the system. */
  readonly inPlace: boolean;
}

/** Counts in the shape of the messages. */
export const amountOf = ({ files, directories, bytes }: Counts) => ({
  files,
  folders: directories,
  bytes: formatBytes(bytes),
});

export const countsRecord = ({ files, directories, bytes }: Counts) => ({ files, dirs: directories, bytes });

export const isEmptyPlan = ({ create, overwrite, leave, refusals }: TargetPlan): boolean =>
  [create, overwrite, leave].every(({ files, directories }) => files + directories === 0) && refusals.length === 0;

const overwritesSomething = ({ overwrite, overwritten }: TargetPlan): boolean =>
  overwrite.files > 0 || overwritten.length > 0;

const listedAtMost = 10;

/** Shows what would be done. */
export const printPlan = (plan: TargetPlan, subject: RestoreSubject, context: CommandContext): void => {
  const { output, messages, options } = context;
  output.update(undefined);
  if (options.json) {
    const { create, overwrite, leave, overwritten, refusals } = plan;
    const counts = { create: countsRecord(create), overwrite: countsRecord(overwrite), leave: countsRecord(leave) };
    const names = overwritten.map((path) => displayText(path));
    const refused = refusals.map(({ path, fault }) => ({ item: displayText(path), message: fault.message }));
    output.print(
      JSON.stringify({ message_type: 'plan', target: subject.target, ...counts, overwritten: names, refused }),
    );
    return;
  }
  output.print(messages.restorePlan(subject.source, subject.target));
  output.print(messages.planCreate(amountOf(plan.create)));
  if (overwritesSomething(plan) || plan.overwrite.directories > 0) {
    output.print(messages.planOverwrite(amountOf(plan.overwrite)));
    printSome(plan.overwritten, (path) => messages.planOverwrites(displayText(path)), context);
  }
  if (plan.leave.files + plan.leave.directories > 0) output.print(messages.planLeave(amountOf(plan.leave)));
  if (plan.refusals.length > 0) {
    output.print(messages.planRefused(plan.refusals.length));
    const line = ({ path, fault }: TargetPlan['refusals'][number]): string =>
      messages.planRefusal(displayText(path), fault.message);
    printSome(plan.refusals, line, context);
  }
};

const printSome = <Item>(
  items: readonly Item[],
  line: (item: Item) => string,
  { output, messages, options }: CommandContext,
): void => {
  const shown = options.verbose > 0 ? items : items.slice(0, listedAtMost);
  for (const item of shown) output.print(line(item));
  if (items.length > shown.length) output.print(messages.planMore(items.length - shown.length));
};

/**
 * Whether a plan may be carried out: at once when nothing is harmed by it, else when the person says so. Fault
 * `target-occupied` when there is nobody to be asked.
 */
export const mayApply = async (
  plan: TargetPlan,
  { subject, yes }: { readonly subject: RestoreSubject; readonly yes: boolean },
  context: CommandContext,
): Promise<boolean> => {
  const overwrites = overwritesSomething(plan);
  if (yes || (!overwrites && !subject.inPlace)) return true;
  const { target } = subject;
  const { messages } = context;
  if (isAttended(context) && !context.options.json) {
    return confirm(
      overwrites ? messages.askOverwrite(plan.overwrite.files, target) : messages.askInPlace(target),
      context,
    );
  }
  const sentence = overwrites
    ? `${plan.overwrite.files} of the files in ${target} would be overwritten, and there is nobody to ask`
    : `${target} is where the snapshot was taken from, and there is nobody to ask`;
  throw new Fault('target-occupied', sentence, {
    hint: 'See the plan with --dry-run, then say --yes; or restore into an empty folder, or with --overwrite never.',
    context: { files: plan.overwrite.files, target },
  });
};
