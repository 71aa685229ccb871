import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { baseOf, type RecordedCapture, recordCapture } from '../../contract/recorded-capture.ts';
import type { Base, Source } from '../../contract/source.ts';
import { createTestRun, type TestRun } from '../../contract/test-run.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { systemNow } from '../../system/clock.ts';
import type { MaildirOptions } from '../files/capture-context.ts';
import { createFilesSource } from '../files/files-source.ts';

/** For tests: a Maildir in a temporary directory, and captures of it. Paths are relative to it. */
export interface MaildirFixture extends Disposable {
  readonly directory: string;
  readonly run: TestRun;
  write(path: string, content: string): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Makes the directories look as if nothing had happened in them for an hour. */
  settle(): void;
  source(options?: Partial<MaildirOptions>): Source;
  capture(base?: Base, options?: Partial<MaildirOptions>): Promise<RecordedCapture>;
  base(recording: RecordedCapture, held?: (path: string) => boolean): Promise<Base>;
  /** The path in the tree. */
  at(path: string): string;
}

export const makeMaildir = (folders: readonly string[] = ['']): MaildirFixture => {
  const directory = mkdtempSync(join(tmpdir(), 'mailkeep-maildir-'));
  const run: TestRun = { ...createTestRun(), now: systemNow };
  const subdirectories = folders.flatMap((folder) =>
    ['cur', 'new', 'tmp'].map((name) => join(directory, folder, name)),
  );
  for (const subdirectory of subdirectories) mkdirSync(subdirectory, { recursive: true });
  const at = (path: string): string => join(directory, path).slice(1);
  const source = (options: Partial<MaildirOptions> = {}): Source =>
    createFilesSource({
      paths: [byteStringOfText(directory)],
      posix: undefined,
      // No folder's seventh, so that tests do not hang on where the temporary directory lies.
      maildir: { skipUnchangedFolders: true, rescan: false, seventh: -1, ...options },
    });
  return {
    directory,
    run,
    at,
    source,
    write: (path, content) => writeFileSync(join(directory, path), content),
    rename: (from, to) => renameSync(join(directory, from), join(directory, to)),
    remove: (path) => rmSync(join(directory, path)),
    settle: () => {
      const anHourAgo = Date.now() / 1000 - 3600.123;
      for (const subdirectory of subdirectories) utimesSync(subdirectory, anHourAgo, anHourAgo);
    },
    capture: async (base, options) => recordCapture(source(options), base, run),
    base: async (recording, held) =>
      baseOf(recording, { scannedAt: run.now(), ...(held === undefined ? {} : { held }) }, run),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
};
