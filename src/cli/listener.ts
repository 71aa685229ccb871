import { displayText } from '../model/byte-string.ts';
import type { Event } from '../model/event.ts';
import type { Fault } from '../model/fault.ts';
import type { Messages } from './catalogue/english.ts';
import type { Output } from './output.ts';
import { createProgressLine, enoughDone, shareDone } from './progress.ts';

export interface ListenerOptions {
  readonly output: Output;
  readonly messages: Messages;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: number;
  readonly clock: () => number;
  readonly progressRate: number | undefined;
}

/** A fault as `--json` shows it. */
export const faultRecord = (fault: Fault): Record<string, unknown> => ({
  code: fault.code,
  message: fault.message,
  hint: fault.hint,
  retry: fault.retry,
  context: fault.context,
});

/** Seconds since the command and since the phase began. */
interface Elapsed {
  readonly elapsed: number;
  readonly ofPhase: number;
}

/** An event as a line of `--json`; `message_type` is restic's name for such a thing where it has one. */
const recordOf = (event: Event, { elapsed, ofPhase }: Elapsed): Record<string, unknown> | undefined => {
  switch (event.kind) {
    case 'progress': {
      const { files, bytes, totalFiles, totalBytes, current } = event;
      const done = shareDone(event) ?? 0;
      return {
        message_type: 'status',
        seconds_elapsed: Math.floor(elapsed),
        seconds_remaining: done >= enoughDone ? Math.round((ofPhase * (1 - done)) / done) : undefined,
        percent_done: done,
        files_done: files,
        bytes_done: bytes,
        total_files: totalFiles,
        total_bytes: totalBytes,
        current_file: current === undefined ? undefined : displayText(current),
      };
    }
    case 'entry':
      return {
        message_type: 'verbose_status',
        action: event.action,
        item: displayText(event.path),
        data_size: event.bytes,
      };
    case 'fault': {
      const item = event.path === undefined ? undefined : displayText(event.path);
      return { message_type: 'error', item, error: faultRecord(event.fault) };
    }
    case 'notice':
      return { message_type: 'notice', message: event.message };
    case 'log':
      return { message_type: 'log', level: event.level, component: event.component, message: event.message };
    case 'phase':
      return undefined;
  }
};

const statusInterval = 1000;

const jsonListener = ({ output, clock, quiet, verbose }: ListenerOptions): ((event: Event) => void) => {
  const begun = clock();
  let phaseBegun = begun;
  let toldAt = Number.NEGATIVE_INFINITY;
  return (event) => {
    if (event.kind === 'progress') {
      if (quiet || clock() - toldAt < statusInterval) return;
      toldAt = clock();
    }
    const now = clock();
    // A new phase begins to count anew: its time left is its own.
    if (event.kind === 'phase') phaseBegun = now;
    const record = recordOf(event, { elapsed: (now - begun) / 1000, ofPhase: (now - phaseBegun) / 1000 });
    if (record === undefined) return;
    // As with restic: stdout has the result, and what went wrong is told beside it.
    if (event.kind === 'log' && event.level === 'INFO' && verbose === 0) return;
    if (event.kind === 'fault' || event.kind === 'notice' || event.kind === 'log') output.say(JSON.stringify(record));
    else output.print(JSON.stringify(record));
  };
};

const textListener = (options: ListenerOptions): ((event: Event) => void) => {
  const { output, messages, quiet } = options;
  const progress = createProgressLine({ output, messages, clock: options.clock, rate: options.progressRate ?? 10 });
  return (event) => {
    switch (event.kind) {
      case 'progress':
        if (!quiet) progress.show(event);
        return;
      case 'entry':
        output.print(`${event.action.padEnd(11)} ${displayText(event.path)}`);
        return;
      case 'fault': {
        const where = event.path === undefined ? '' : `${displayText(event.path)}: `;
        output.say(messages.warning(where + event.fault.message));
        return;
      }
      case 'notice':
        if (!quiet) output.say(event.message);
        return;
      case 'log':
        if (event.level !== 'INFO') output.say(messages.warning(`${event.component}: ${event.message}`));
        else if (options.verbose > 0) output.say(`${event.component}: ${event.message}`);
        return;
      case 'phase':
        progress.restart();
        return;
    }
  };
};

/** Turns the events of a run into what the person or the program on the other side reads. */
export const createListener = (options: ListenerOptions): ((event: Event) => void) =>
  options.json ? jsonListener(options) : textListener(options);
