import type { RunVerdict } from '../../model/run-record.ts';

/** What is said of servers, in a language. Sizes and times come as text; names and sentences are foreign text. */
export interface ServerWords {
  /** The one line that is read when no other is, where a run was of servers alone. */
  readonly serverHeadline: (facts: ServerHeadline) => string;
  readonly serverGoodSubject: (servers: string, bytes: string, date: string) => string;
  readonly needServerFailed: (server: string, sentence: string) => string;
  readonly serverBackup: (backup: string, path: string) => string;
  readonly serverSnapshot: (snapshot: string) => string;
  readonly serverRemoved: (backups: number) => string;
  /** What was read of the disk again, how many files of it were bad, and how many of these were mended. */
  readonly serverScrubbed: (bytes: string, bad: number, mended: number) => string;
  readonly spaceForecast: (days: number, perDay: string) => string;
  readonly serverDisk: (percent: number, free: string) => string;
  readonly serverLastGood: (time: string, age: string) => string;
  readonly serverNeverGood: () => string;
  readonly componentGood: (facts: ComponentFacts) => string;
  readonly componentFailed: (name: string, attempts: number, sentence: string) => string;

  /** The failure mail of design 6.2. */
  readonly failureTitle: (server: string) => string;
  readonly backupDate: (time: string) => string;
  readonly statusFailed: () => string;
  readonly duration: (time: string) => string;
  readonly errorDetails: () => string;
  readonly mailComponent: (name: string) => string;
  readonly mailError: (sentence: string) => string;
  readonly mailSuccess: (bytes: string) => string;
  readonly actionRequired: () => string;
  readonly reviewLog: (file: string | undefined, id: string) => string;
  readonly retryManually: (command: string) => string;

  /** The mail about a disk that fills up, of design 6.2. */
  readonly capacityTitle: () => string;
  readonly mountPoint: (path: string) => string;
  readonly capacity: (bytes: string) => string;
  readonly capacityUsed: (bytes: string, percent: number) => string;
  readonly capacityFree: (bytes: string) => string;
  readonly capacitySummary: () => string;
  readonly dailyBackups: (count: number, bytes: string) => string;
  readonly weeklyBackups: (count: number, bytes: string) => string;
  readonly recommendations: () => string;
  readonly capacityAdvice: () => readonly string[];
}

export interface ServerHeadline {
  readonly verdict: RunVerdict;
  readonly servers: string;
  readonly files: number;
  readonly bytes: string;
  readonly needs: number;
}

export interface ComponentFacts {
  readonly name: string;
  readonly files: number;
  readonly bytes: string;
  readonly written: string;
  readonly duration: string;
  readonly unreadable: number;
}
