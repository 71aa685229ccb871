import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { CapturedComponent, Component, DatedBackup, DatedStore } from '../../contract/component.ts';
import { createTestRun, type TestRun } from '../../contract/test-run.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import type { DatedName } from '../../model/dated-name.ts';
import { createFilesSource } from '../../protocol/files/files-source.ts';
import { createMemorySource, type MemoryDirectory } from '../../protocol/memory/source.ts';
import { loadPosix } from '../../system/posix.ts';
import { type DatedStoreOptions, openDatedStore } from './dated-store.ts';

/** For tests: a disk, and a server that is backed up on it. */
export interface DatedFixture {
  /** The folder that is captured as `mail`. */
  readonly mail: string;
  readonly root: string;
  readonly run: TestRun;
  open(options?: Partial<DatedStoreOptions>): DatedStore;
  /** Captures, publishes, closes. */
  night(date: string, components?: readonly Component[], options?: Partial<DatedStoreOptions>): Promise<Night>;
  close(): void;
}

export interface Night {
  readonly backup: DatedBackup;
  readonly captured: readonly CapturedComponent[];
}

export const daily = (date: string): DatedName => ({ kind: 'daily', date });

export const makeDatedFixture = async (root?: string): Promise<DatedFixture> => {
  const posix = await loadPosix();
  // In memory where that can be: each night waits for its file system to be written out.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'mailkeep-dated-'));
  const mail = join(folder, 'vmail');
  mkdirSync(mail);
  const place = root ?? join(folder, 'disk');
  const run = createTestRun({ start: BigInt(Date.now()) * 1_000_000n });
  const fixture: DatedFixture = {
    mail,
    root: place,
    run,
    open: (options = {}) => openDatedStore({ root: place, posix, threads: 1, timeZone: 'UTC', ...options }),
    night: async (date, components = [mailComponent(mail)], options = {}) => {
      const store = fixture.open(options);
      try {
        run.advance(86_400_000);
        const writer = await store.begin(daily(date), run);
        const captured: CapturedComponent[] = [];
        for (const component of components) captured.push(await writer.capture(component, run));
        return { backup: await writer.publish([], run), captured };
      } finally {
        await store.close();
      }
    },
    close: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return fixture;
};

/** A folder as the component `mail`, Maildir-aware, as a run has it. */
export const mailComponent = (folder: string, name = 'mail'): Component => ({
  name,
  form: 'tree',
  open: async () =>
    createFilesSource({
      paths: [byteStringOfText('vmail')],
      workingDirectory: byteStringOfText(dirname(folder)),
      posix: await loadPosix(),
      maildir: { skipUnchangedFolders: true, rescan: false, seventh: 0 },
    }),
});

export const memoryComponent = (name: string, form: Component['form'], tree: MemoryDirectory): Component => ({
  name,
  form,
  open: async () => createMemorySource(tree),
});

/** Makes a Maildir folder with messages of these names and texts. */
export const placeMessages = (folder: string, messages: Readonly<Record<string, string>>): void => {
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(folder, part), { recursive: true });
  for (const [name, text] of Object.entries(messages)) writeFileSync(join(folder, name), text);
};

/** What coreutils says of a backup; throws when it finds a difference. */
export const checkWithCoreutils = (folder: string): string =>
  execFileSync('sha256sum', ['--check', '--strict', 'checksums.sha256'], { cwd: folder, encoding: 'utf8' });
