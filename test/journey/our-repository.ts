import { mkdir } from 'node:fs/promises';
import { openLocalBackend } from '../../src/backend/local.ts';
import { createTestRun, type TestRun } from '../../src/contract/test-run.ts';
import type { WriteResult } from '../../src/contract/store.ts';
import { byteStringOfText } from '../../src/model/byte-string.ts';
import { createFilesSource } from '../../src/protocol/files/files-source.ts';
import { createFilesTarget } from '../../src/protocol/files/target.ts';
import { checkAll, type Checked, testOptions } from '../../src/store/restic/repository-fixture.ts';
import { type InitOptions, initRepository } from '../../src/store/restic/init-repository.ts';
import { openRepository } from '../../src/store/restic/open-repository.ts';
import type { Repository } from '../../src/store/restic/repository.ts';
import { processIdentity } from '../../src/system/identity.ts';
import { loadPosix } from '../../src/system/posix.ts';

/** A repository in a folder as our own code sees it, opened anew for each piece of work. */
export interface OurRepository {
  readonly folder: string;
  /** Backs up all that is in a folder, its name left out, Maildirs as Maildirs, against the snapshot of this id. Fails on anything unreadable. */
  backup(source: string, parent?: string): Promise<WriteResult>;
  /** Restores a snapshot (default: the newest) into a new folder and returns what could not be brought. */
  restore(target: string, id?: string): Promise<ReadonlyMap<string, number>>;
  snapshotIds(): Promise<readonly string[]>;
  check(): Promise<Checked>;
  with<Result>(work: (repository: Repository, run: TestRun) => Promise<Result>): Promise<Result>;
}

export type OurOptions = Partial<InitOptions>;

const identity = processIdentity();

const descriptionOf = (source: string, run: TestRun) => ({
  time: { nanoseconds: run.now(), offsetMinutes: 0 },
  paths: [byteStringOfText(source)],
  hostname: identity.hostname,
  username: identity.username,
  uid: identity.uid,
  gid: identity.gid,
  excludes: [],
  tags: [],
});

/** The time of the runs; each is a second later than the one before. */
let runs = 0n;
const newRun = (): TestRun => createTestRun({ start: 1_795_000_000_123_456_789n + ++runs * 1_000_000_000n });

export const ourRepository = (folder: string, given: OurOptions = {}): OurRepository => {
  const options = { ...testOptions, identity, threads: 2, ...given };
  const withOpen = async <Result>(work: (repository: Repository, run: TestRun) => Promise<Result>): Promise<Result> => {
    const run = newRun();
    const repository = await openRepository(openLocalBackend(folder), options, run);
    try {
      return await work(repository, run);
    } finally {
      await repository.close();
    }
  };
  const backup = async (source: string, parent?: string): Promise<WriteResult> =>
    withOpen(async (repository, run) => {
      const posix = await loadPosix();
      const files = createFilesSource({
        paths: [byteStringOfText('.')],
        workingDirectory: byteStringOfText(source),
        posix,
        maildir: { skipUnchangedFolders: parent !== undefined, rescan: false, seventh: 0, caches: 'keep' },
      });
      const base = parent === undefined ? {} : { parent: await repository.open(parent, run) };
      const result = await repository.write(files, { description: descriptionOf(source, run), ...base }, run);
      const [fault] = run.events.filter((event) => event.kind === 'fault');
      if (fault !== undefined) throw fault.fault;
      return result;
    });
  const restore = (target: string, id?: string): Promise<ReadonlyMap<string, number>> =>
    withOpen(async (repository, run) => {
      await mkdir(target, { recursive: true });
      const chosen = id ?? (await repository.snapshots(run)).at(-1)?.id ?? '';
      const source = await repository.open(chosen, run);
      const files = createFilesTarget({
        directory: byteStringOfText(target),
        filter: () => true,
        overwrite: 'always',
        posix: await loadPosix(),
        asRoot: identity.uid === 0,
      });
      const report = await files.apply(await files.plan(source, run), source, run);
      const [fault] = run.events.filter((event) => event.kind === 'fault');
      if (fault !== undefined) throw fault.fault;
      return report.notRestored;
    });
  return {
    folder,
    backup,
    restore,
    snapshotIds: () => withOpen(async (repository, run) => (await repository.snapshots(run)).map(({ id }) => id)),
    check: () => withOpen((repository) => checkAll(repository)),
    with: withOpen,
  };
};

export const makeOurRepository = async (folder: string, given: OurOptions = {}): Promise<OurRepository> => {
  await initRepository(openLocalBackend(folder), { ...testOptions, identity, ...given }, newRun());
  return ourRepository(folder, given);
};
