import { displayText } from '../model/byte-string.ts';
import type { Event } from '../model/event.ts';
import { formatBytes, formatDuration } from '../model/size.ts';
import type { Messages } from './catalogue/english.ts';
import type { Output } from './output.ts';

type Progress = Extract<Event, { kind: 'progress' }>;

export interface ProgressOptions {
  readonly output: Output;
  readonly messages: Messages;
  /** Milliseconds of a clock that only moves forward. */
  readonly clock: () => number;
  /** Updates per second. */
  readonly rate: number;
}

export interface ProgressLine {
  show(event: Progress): void;
  /** A new phase: rate and time left are its own. */
  restart(): void;
}

/** Before so much is done, a time left would be a guess. */
export const enoughDone = 0.01;

/** The line on a terminal that says how far a run is, how fast it goes and how long it will take. */
export const createProgressLine = ({ output, messages, clock, rate }: ProgressOptions): ProgressLine => {
  let begun = clock();
  let shownAt = Number.NEGATIVE_INFINITY;
  return {
    restart: () => {
      begun = clock();
    },
    show: (event) => {
      const now = clock();
      if (!output.terminal || now - shownAt < 1000 / rate) return;
      shownAt = now;
      output.update(lineOf(event, (now - begun) / 1000, messages));
    },
  };
};

const lineOf = (event: Progress, seconds: number, messages: Messages): string => {
  const files = event.files.toLocaleString('en');
  const bytes = formatBytes(event.bytes);
  const perSecond = formatBytes(seconds > 0 ? Math.round(event.bytes / seconds) : 0);
  const current = event.current === undefined ? '' : `  ${displayText(event.current)}`;
  const done = shareDone(event);
  if (done === undefined) return messages.progress(files, bytes, perSecond) + current;
  const { totalFiles, totalBytes } = event;
  const ofFiles = totalFiles === undefined ? files : messages.partOf(files, totalFiles.toLocaleString('en'));
  const ofBytes = totalBytes === undefined ? bytes : messages.partOf(bytes, formatBytes(totalBytes));
  const left = done >= enoughDone ? formatDuration((seconds * 1000 * (1 - done)) / done) : '—';
  return messages.progressOf(`${Math.floor(done * 100)} %`, ofFiles, ofBytes, perSecond, left) + current;
};

/** 0 to 1; undefined as long as no totals are known. */
export const shareDone = ({ files, bytes, totalFiles, totalBytes }: Progress): number | undefined =>
  share(bytes, totalBytes) ?? share(files, totalFiles);

const share = (part: number, total: number | undefined): number | undefined =>
  total === undefined || total === 0 ? undefined : Math.min(1, part / total);
