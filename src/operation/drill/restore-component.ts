import type { Run } from '../../contract/run.ts';
import { type ByteString, displayText } from '../../model/byte-string.ts';
import type { CheckTally } from '../../model/drill/check-tally.ts';
import type { DrillFindingKind, DrillTime } from '../../model/drill/drill-record.ts';
import { extrapolated } from '../../model/drill/recovery-time.ts';
import type { Fault, FaultCode } from '../../model/fault.ts';
import { type FilePart, restoreFiles } from '../server/restore/file-component.ts';
import { asTold } from './as-told.ts';
import { moment } from './drill-state.ts';
import { newTally, type Sampling, sampledSource } from './sampled-source.ts';

/** What a restore has told of, by the path below the folder that it went to. */
type Told = ReadonlyMap<string, Fault>;

const listening = (run: Run, folder: string, told: Map<string, Fault>): Run => {
  const below = (path: ByteString): string => {
    const text = displayText(path);
    return text.startsWith(`${folder}/`) ? text.slice(folder.length + 1) : text;
  };
  return {
    signal: run.signal,
    now: () => run.now(),
    emit: (event) => {
      if (event.kind !== 'fault') run.emit(event);
      // The first says why; what comes later says that it is not there.
      else if (event.path !== undefined && !told.has(below(event.path))) told.set(below(event.path), event.fault);
    },
  };
};

/** A message of a Maildir, by its path. */
const isMessage = (path: string): boolean => /\/(?:cur|new)\/[^/]+$/.test(path);

const isGone = (fault: Fault): boolean => fault.context['errno'] === 'ENOENT';

const kindOf = (path: string, fault: Fault): DrillFindingKind => {
  if (!isMessage(path)) return 'file-damaged';
  return isGone(fault) ? 'message-missing' : 'message-differs';
};

/** What no other component would fare better with. */
const endsAll: ReadonlySet<FaultCode> = new Set<FaultCode>(['disk-full', 'quota-exceeded', 'read-only']);

export interface RestoreTallies {
  readonly restore: CheckTally;
  readonly backup: CheckTally;
  readonly messages: CheckTally;
}

export interface ComponentRestore {
  readonly name: string;
  readonly part: FilePart;
  readonly sampling: Sampling;
}

const tell = (told: Told, { backup, messages }: RestoreTallies): void => {
  for (const [path, fault] of told) {
    const kind = kindOf(path, fault);
    const tally = isMessage(path) ? messages : backup;
    tally.find({ kind, subject: path, detail: kind === 'file-damaged' ? fault.message : '' });
  }
};

/**
 * Restores a component, timed, and tells what of it could not be brought: each message, each file by its path. Returns how long it took,
 * and the paths.
 */
export const restoreComponent = async (
  { name, part, sampling }: ComponentRestore,
  tallies: RestoreTallies,
  run: Run,
): Promise<{ readonly time: DrillTime; readonly told: ReadonlySet<string> }> => {
  const amounts = newTally();
  const told = new Map<string, Fault>();
  const began = moment(run);
  const sampled: FilePart = { ...part, open: async (of) => sampledSource(await part.open(of), sampling, amounts) };
  try {
    const wish = { overwrite: 'if-changed', verify: true } as const;
    const outcome = await restoreFiles([sampled], wish, listening(run, part.folder, told));
    tallies.restore.look(outcome.written.files);
    tell(told, tallies);
    const differences = outcome.differences ?? 0;
    if (told.size === 0 && outcome.failed + differences > 0) {
      tallies.restore.find({ kind: 'not-restored', subject: name, count: Math.max(outcome.failed, differences) });
    }
  } catch (error) {
    const fault = asTold(error, run);
    if (endsAll.has(fault.code)) throw fault;
    tallies.restore.look();
    tallies.restore.find({ kind: 'not-restored', subject: name, detail: fault.message });
  }
  const time = extrapolated(name, moment(run) - began, amounts);
  return { time, told: new Set(told.keys()) };
};
