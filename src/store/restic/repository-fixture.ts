import { hash } from 'node:crypto';
import type { Backend, ObjectKind } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import type { StoreFixture } from '../../contract/store-fixture.ts';
import { createTestRun } from '../../contract/test-run.ts';
import type { CheckReport } from './check/check-report.ts';
import { checkRepository } from './check/check.ts';
import { createEvidenceKey, type EvidenceTrust } from './evidence/evidence-key.ts';
import { type InitOptions, initRepository } from './init-repository.ts';
import { openRepository } from './open-repository.ts';
import type { Repository } from './repository.ts';

export const testPassword = 'geheim';

/** Trust in a machine's own notes, made from a byte that says which machine. */
export const trustOf = (machine: number, more: Partial<EvidenceTrust> = {}): EvidenceTrust => {
  const own = createEvidenceKey(new Uint8Array(32).fill(machine));
  return { own: async () => own, known: async () => ({ own, given: [] }), anybody: false, ...more };
};

export const testOptions: InitOptions = {
  password: testPassword,
  generatedPassword: true,
  identity: { hostname: 'mail1', username: 'alice', uid: 1000, gid: 100, pid: process.pid },
  compression: 'auto',
  packSize: 16 * 1_048_576,
  threads: 1,
  mailAware: true,
  lockWait: 0,
  noLock: false,
  evidence: trustOf(1),
  programVersion: 'mailkeep test',
};

const kinds: readonly ObjectKind[] = ['config', 'key', 'snapshot', 'index', 'pack'];

/** All that a repository keeps, locks left out. */
export const inventoryOf = async (backend: Backend, run: Run): Promise<string[]> => {
  const names: string[] = [];
  for (const kind of kinds) {
    if (kind === 'config') continue;
    for await (const page of backend.list(kind, run)) names.push(...page.map(({ name }) => `${kind} ${name}`));
  }
  return names.sort();
};

/** Where a blob lies. */
export const placeOfBlob = async (repository: Repository, content: Uint8Array, type: 'data' | 'tree', run: Run) => {
  const { table, packs } = await repository.index(run);
  const slot = table.find(type, hash('sha256', content, 'buffer'));
  const location = slot === undefined ? undefined : table.location(slot);
  const pack = location === undefined ? undefined : packs.idOf(location.pack);
  if (location === undefined || pack === undefined) throw new Error('the blob is not there');
  return { ...location, pack };
};

/** Replaces an object, which no backend allows. */
export const replaceObject = async (
  backend: Backend,
  handle: { readonly kind: ObjectKind; readonly name: string },
  change: (bytes: Uint8Array) => Uint8Array,
  run: Run,
): Promise<void> => {
  const bytes = await backend.load(handle, undefined, run);
  await backend.remove(handle, run);
  await backend.save(handle, [change(bytes)], run);
};

export const flippedAt =
  (at: number) =>
  (bytes: Uint8Array): Uint8Array => {
    const wrong = bytes.slice();
    const place = at < 0 ? wrong.length + at : at;
    wrong[place] = (wrong[place] ?? 0) ^ 1;
    return wrong;
  };

/** A new repository on a backend of which `openBackend` gives a new connection each time. */
export const createRepositoryFixture = async (
  openBackend: () => Backend,
  close: () => Promise<void> = async () => {},
  options: Partial<InitOptions> = {},
): Promise<StoreFixture & { openRepository(): Promise<Repository> }> => {
  const run = createTestRun();
  const all = { ...testOptions, ...options };
  await initRepository(openBackend(), all, run);
  const open = (): Promise<Repository> => openRepository(openBackend(), all, run);
  return {
    open,
    openRepository: open,
    inventory: () => inventoryOf(openBackend(), run),
    harm: async (content, how) => {
      const repository = await open();
      const { pack, offset } = await placeOfBlob(repository, content, 'data', run);
      await repository.close();
      const backend = openBackend();
      const handle = { kind: 'pack', name: pack } as const;
      if (how === 'lost') await backend.remove(handle, run);
      else await replaceObject(backend, handle, flippedAt(offset + 20), run);
    },
    close,
  };
};

export interface Checked extends CheckReport {
  /** Code of each fault and what it is about. */
  readonly faults: readonly string[];
}

/** Reads every byte. */
export const checkAll = async (repository: Repository): Promise<Checked> => {
  const run = createTestRun();
  const report = await checkRepository(repository, { readData: { kind: 'all' }, random: () => 0 }, run);
  const faults = run.events.flatMap((event) =>
    event.kind === 'fault' ? [`${event.fault.code}: ${event.fault.message}`] : [],
  );
  return { ...report, faults };
};
