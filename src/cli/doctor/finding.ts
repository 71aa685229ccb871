import type { CommandContext } from '../context.ts';
import { asFault, type Fault, isFault } from '../../model/fault.ts';

/** One thing that was tried, and how it went. */
export interface Finding {
  readonly state: 'ok' | 'warning' | 'failed';
  /** What it is about: the name of an account or repository, or empty for this machine. */
  readonly subject: string;
  /** What was tried: one word, the same in every language. */
  readonly check:
    | 'node'
    | 'addon'
    | 'config'
    | 'state'
    | 'users'
    | 'secret'
    | 'dns'
    | 'certificate'
    | 'login'
    | 'capabilities'
    | 'folders'
    | 'clock'
    | 'sources'
    | 'disk'
    | 'database'
    | 'stack'
    | 'repository'
    | 'writable'
    | 'storage'
    | 'space'
    | 'smart'
    | 'file-system'
    | 'scrub'
    | 'alarm'
    | 'kit';
  readonly message: string;
  /** What to do. */
  readonly hint?: string | undefined;
  /** The kind of fault that it failed with. */
  readonly fault?: Fault['code'] | undefined;
}

/** Whoever hears the findings, each as soon as it is there. */
export type Tell = (finding: Finding) => void;

/** A fault as a finding; what interrupts goes on its way. */
export const failed = (subject: string, check: Finding['check'], thrown: unknown): Finding => {
  if (isFault(thrown, 'interrupted')) throw thrown;
  const fault = asFault(thrown);
  return { state: 'failed', subject, check, message: fault.message, hint: fault.hint, fault: fault.code };
};

/** Prints a finding, or its line of JSON. */
export const asTold = (finding: Finding, { output, messages, options }: CommandContext): void => {
  if (options.json) {
    output.print(JSON.stringify({ message_type: 'finding', ...finding }));
    return;
  }
  output.print(messages.doctorLine(finding.state, finding.subject, finding.check, finding.message));
  if (finding.hint !== undefined) output.print(messages.doctorAdvice(finding.hint));
};
