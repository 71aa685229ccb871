import type { Run } from '../../../contract/run.ts';
import type { Base, BaseEntry } from '../../../contract/source.ts';
import { byteStringOfText, displayText } from '../../../model/byte-string.ts';
import type { BrakeReason } from '../../../model/damage-brake.ts';
import { isFault } from '../../../model/fault.ts';
import { shrunkDump, tableOfLine } from '../../../model/usual-dump.ts';
import type { JudgedBackup, JudgedPair, JudgedStore } from './judged-pair.ts';
import { linesOfEntry } from './look-into.ts';

export interface DumpJudging<Backup extends JudgedBackup> {
  readonly store: Pick<JudgedStore<Backup>, 'open'>;
  /** 0 to 1: by how much one may be smaller than is usual. */
  readonly shrinks: number;
  /** Bytes of the largest one whose tables are looked at; undefined: all are. */
  readonly largest: number | undefined;
}

type Opened = Pick<Base, 'children' | 'contents'>;

/** Names are of the component and the file: `mysql/usermgmt.sql`. */
const dumpsIn = async (
  opened: Opened,
  { components }: JudgedBackup,
  run: Run,
): Promise<ReadonlyMap<string, BaseEntry>> => {
  const dumps = new Map<string, BaseEntry>();
  for (const { name, form } of components) {
    if (form !== 'dump') continue;
    for await (const page of opened.children([byteStringOfText(name)], run)) {
      for (const child of page) {
        if (child.entry.type === 'file') dumps.set(`${name}/${displayText(child.entry.name)}`, child);
      }
    }
  }
  return dumps;
};

const tablesIn = async (opened: Opened, dump: BaseEntry, run: Run): Promise<ReadonlySet<string>> => {
  const tables = new Set<string>();
  for await (const lines of linesOfEntry(opened, dump, run)) {
    for (const line of lines) {
      const table = tableOfLine(line);
      if (table !== undefined) tables.add(table);
    }
  }
  return tables;
};

/** What is odd with the dumps of a night: one that is much smaller than is usual, and tables that are gone. */
export const judgeDumps = async <Backup extends JudgedBackup>(
  { store, shrinks, largest }: DumpJudging<Backup>,
  { older, newer, usual }: JudgedPair<Backup>,
  run: Run,
): Promise<readonly BrakeReason[]> => {
  if (!newer.components.some(({ form }) => form === 'dump')) return [];
  const sizes = new Map<string, number[]>();
  for (const backup of usual) {
    for (const [name, size] of await sizesIn(store, backup, run)) sizes.set(name, [...(sizes.get(name) ?? []), size]);
  }
  await using before = await openFor(store, older, run);
  await using now = await openFor(store, newer, run);
  const reasons: BrakeReason[] = [];
  const old = await dumpsIn(before.source, older, run);
  for (const [dump, entry] of await dumpsIn(now.source, newer, run)) {
    const bytes = entry.entry.size;
    const shrunk = shrunkDump({ dump, bytes, earlier: sizes.get(dump) ?? [] }, shrinks);
    if (shrunk !== undefined) reasons.push(shrunk);
    const known = old.get(dump);
    if (known === undefined || Math.max(bytes, known.entry.size) > (largest ?? Infinity)) continue;
    const tables = await tablesIn(now.source, entry, run);
    const lost = [...(await tablesIn(before.source, known, run))].filter((table) => !tables.has(table));
    if (lost.length > 0) reasons.push({ kind: 'tables-lost', dump, tables: lost });
  }
  return reasons;
};

/** One that cannot be read says nothing of what is usual. */
const sizesIn = async <Backup extends JudgedBackup>(
  store: DumpJudging<Backup>['store'],
  backup: Backup,
  run: Run,
): Promise<readonly (readonly [string, number])[]> => {
  try {
    await using opened = await openFor(store, backup, run);
    return [...(await dumpsIn(opened.source, backup, run))].map(([name, { entry }]) => [name, entry.size] as const);
  } catch (error) {
    if (isFault(error, 'verification-failed')) return [];
    throw error;
  }
};

const openFor = async <Backup extends JudgedBackup>(store: DumpJudging<Backup>['store'], backup: Backup, run: Run) => {
  const source = await store.open(backup, run);
  return { source, [Symbol.asyncDispose]: () => source.close() };
};
