import type { Event } from '../../../model/event.ts';
import { displayText } from '../../../model/byte-string.ts';
import { wallTime } from '../../../model/local-time.ts';

export type LogLevel = 'CRITICAL' | 'ERROR' | 'WARNING' | 'INFO';

/** What becomes `backup.log`: lines `[YYYY-MM-DD HH:MM:SS] [LEVEL] [COMPONENT] MESSAGE`. */
export interface BackupLog {
  add(level: LogLevel, component: string, message: string): void;
  /** Takes down what is worth it. */
  hear(component: string, event: Event): void;
  /** What follows is the ending. */
  markEnding(): void;
  text(): string;
  ending(): string;
}

/** A disk that fails may have a fault for every file; more lines than these are only counted. */
const linesKept = 10_000;

export const createBackupLog = (now: () => bigint, timeZone: string | undefined): BackupLog => {
  const lines: string[] = [];
  let left = 0;
  let mark = 0;
  const add: BackupLog['add'] = (level, component, message) => {
    const { date, time } = wallTime(Number(now() / 1_000_000n), timeZone);
    // One line each, whatever is in a name.
    const text = message.replace(/[\x00-\x1f\x7f]/g, ' ');
    if (lines.length < linesKept || level === 'CRITICAL')
      lines.push(`[${date} ${time}] [${level}] [${component}] ${text}`);
    else left++;
  };
  return {
    add,
    hear: (component, event) => {
      if (event.kind === 'notice') add('INFO', component, event.message);
      if (event.kind !== 'fault') return;
      const where = event.path === undefined ? '' : `${displayText(event.path)}: `;
      add('WARNING', component, `${where}${event.fault.message}`);
    },
    markEnding: () => {
      mark = lines.length;
    },
    ending: () =>
      lines
        .slice(mark)
        .map((line) => `${line}\n`)
        .join(''),
    text: () => `${[...lines, ...(left > 0 ? [`… and ${left} lines more`] : [])].join('\n')}\n`,
  };
};
