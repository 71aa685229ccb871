import type { TargetAccount } from '../../contract/mail-target.ts';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { type NamingRules, type NamingWishes, targetName } from '../../mail/account-restore/target-name.ts';
import type { ByteString } from '../../model/byte-string.ts';
import { asFault, Fault, isFault } from '../../model/fault.ts';
import { atOnce, compareFolder, type Comparing, type Present } from './compare-folder.ts';
import type { OutgoingMessage, SourceFolder } from './outgoing-mail.ts';
import { groupsOf, readOutgoing } from './read-outgoing.ts';
import { sendMessages, type SendTally } from './send-messages.ts';
import { type FolderVerification, verifyFolder } from './verify-folder.ts';

/** What is to become of the folders of a snapshot that go to one folder of the account. */
export interface FolderPlan {
  /** Names of the folders in the snapshot. */
  readonly from: readonly string[];
  /** Modified UTF-7; undefined for one that is refused. */
  readonly to: ByteString | undefined;
  /** Why it cannot be restored. */
  readonly refused: string | undefined;
  readonly create: boolean;
  readonly subscribe: boolean;
  readonly add: number;
  readonly bytes: number;
  /** There already. */
  readonly present: number;
}

export interface AccountRestoreOptions extends Comparing {
  readonly folders: readonly SourceFolder[];
  readonly wishes: NamingWishes;
  /** Folders in which nothing is asked for are left out; otherwise they are made, too. */
  readonly onlyFound: boolean;
  /** Undefined: only the plan. */
  readonly confirm: ((plans: readonly FolderPlan[]) => Promise<boolean>) | undefined;
  readonly verify: boolean;
}

export interface AccountRestoreReport {
  readonly outcome: 'planned' | 'declined' | 'restored';
  readonly plans: readonly FolderPlan[];
  readonly tally: SendTally;
  /** Messages that were not tried, as their folder or the whole restore had ended. */
  readonly left: number;
  readonly verified: readonly FolderVerification[];
}

interface Work {
  readonly plan: FolderPlan;
  readonly folders: readonly SourceFolder[];
  readonly isPresent: Present;
}

/** Adds the mail of a snapshot to an account. What is there already is not added again, and nothing is changed. */
export const restoreAccount = async (options: AccountRestoreOptions, run: Run): Promise<AccountRestoreReport> => {
  const { target, confirm } = options;
  run.emit({ kind: 'phase', phase: 'comparing' });
  const account = await target.look(run);
  const works = await plan(options, account, run);
  const plans = works.map((work) => work.plan);
  const tally: SendTally = { added: 0, bytes: 0, failed: 0, flagsLeft: new Map() };
  const report = { plans, tally, left: 0, verified: [] };
  if (confirm === undefined) return { ...report, outcome: 'planned' };
  if (!(await confirm(plans))) return { ...report, outcome: 'declined' };
  run.emit({ kind: 'phase', phase: 'adding' });
  const totals = {
    totalFiles: plans.reduce((sum, { to, add }) => sum + (to === undefined ? 0 : add), 0),
    totalBytes: plans.reduce((sum, { to, bytes }) => sum + (to === undefined ? 0 : bytes), 0),
  };
  const left = await addAll(works, { options, account, tally, totals }, run);
  const verified: FolderVerification[] = [];
  if (options.verify) {
    run.emit({ kind: 'phase', phase: 'verifying' });
    for (const work of works) verified.push(...(await verify(work, options, run)));
  }
  return { plans, tally, left, verified, outcome: 'restored' };
};

/** A folder that cannot be looked at is told, and nothing of it counts as there. */
const verify = async (
  { plan: { to, add, present }, folders }: Work,
  options: AccountRestoreOptions,
  run: Run,
): Promise<readonly FolderVerification[]> => {
  if (to === undefined) return [];
  try {
    return [await verifyFolder(folders, to, options, run)];
  } catch (error) {
    if (!isFault(error, 'server-refused')) throw error;
    run.emit({ kind: 'fault', fault: error });
    return [{ folder: to, expected: add + present, missing: add + present }];
  }
};

const rulesOf = ({ folders, delimiter, prefix }: TargetAccount): NamingRules => {
  const usable = folders.filter(({ selectable }) => selectable);
  const specialUse = new Map(usable.flatMap(({ name, specialUse: uses }) => uses.map((use) => [use, name] as const)));
  return { delimiter, prefix, specialUse, existing: new Set(folders.map(({ name }) => name)) };
};

const plan = async (options: AccountRestoreOptions, account: TargetAccount, run: Run): Promise<readonly Work[]> => {
  const rules = rulesOf(account);
  const groups = new Map<ByteString, SourceFolder[]>();
  const works: Work[] = [];
  for (const folder of options.folders) {
    const target = targetName(folder, rules, options.wishes);
    if (target.kind === 'refused') {
      works.push(refusedWork(folder, target.reason, (await sizeOf([folder], () => false, run)).add));
      continue;
    }
    const group = groups.get(target.name);
    if (group === undefined) groups.set(target.name, [folder]);
    else group.push(folder);
  }
  for (const [to, folders] of groups) {
    throwIfInterrupted(run);
    works.push(await planFolder(to, folders, { options, account }, run));
  }
  return options.onlyFound ? works.filter(({ plan: { add, present } }) => add + present > 0) : works;
};

const refusedWork = (folder: SourceFolder, refused: string, add: number): Work => ({
  plan: { from: [folder.name], to: undefined, refused, create: false, subscribe: false, add, bytes: 0, present: 0 },
  folders: [folder],
  isPresent: () => false,
});

const planFolder = async (
  to: ByteString,
  folders: readonly SourceFolder[],
  { options, account }: { readonly options: AccountRestoreOptions; readonly account: TargetAccount },
  run: Run,
): Promise<Work> => {
  const known = account.folders.find(({ name }) => name === to);
  const create = known?.selectable !== true;
  const isPresent = create ? () => false : await present(folders, to, options, run);
  if (isPresent instanceof Fault) {
    const { add, bytes } = await sizeOf(folders, () => false, run);
    const names = folders.map(({ name }) => name);
    const refused = { to: undefined, refused: isPresent.message, create: false, subscribe: false };
    return { plan: { from: names, ...refused, add, bytes, present: 0 }, folders, isPresent: () => false };
  }
  const counts = await sizeOf(folders, isPresent, run);
  const from = folders.map(({ name }) => name);
  const subscribe = create && folders.some(({ subscribed }) => subscribed);
  return { plan: { from, to, refused: undefined, create, subscribe, ...counts }, folders, isPresent };
};

/** A folder that cannot even be looked at is refused, and the others go on. */
const present = async (
  folders: readonly SourceFolder[],
  to: ByteString,
  options: AccountRestoreOptions,
  run: Run,
): Promise<Present | Fault> => {
  try {
    return await compareFolder(folders, to, options, run);
  } catch (error) {
    if (isFault(error, 'server-refused')) return error;
    throw error;
  }
};

async function* pagesOf(folders: readonly SourceFolder[], run: Run): AsyncGenerator<readonly OutgoingMessage[], void> {
  for (const folder of folders) yield* folder.messages(run);
}

async function* missingOf(
  { folders, isPresent }: Pick<Work, 'folders' | 'isPresent'>,
  run: Run,
): AsyncGenerator<readonly OutgoingMessage[], void> {
  let ordinal = 0;
  for await (const page of pagesOf(folders, run)) yield page.filter(() => !isPresent(ordinal++));
}

const sizeOf = async (
  folders: readonly SourceFolder[],
  isPresent: Present,
  run: Run,
): Promise<Pick<FolderPlan, 'add' | 'bytes' | 'present'>> => {
  let [all, add, bytes] = [0, 0, 0];
  for await (const page of pagesOf(folders, run)) {
    for (const { entry } of page) {
      if (isPresent(all++)) continue;
      add++;
      bytes += entry.size;
    }
  }
  return { add, bytes, present: all - add };
};

interface Adding {
  readonly options: AccountRestoreOptions;
  readonly account: TargetAccount;
  readonly tally: SendTally;
  readonly totals: { readonly totalFiles: number; readonly totalBytes: number };
}

/** Resolves to how many messages were not tried. A folder that takes nothing is told, and the others go on. */
const addAll = async (works: readonly Work[], adding: Adding, run: Run): Promise<number> => {
  let left = 0;
  let isFull = false;
  for (const work of works) {
    const { to, refused, from, add } = work.plan;
    if (to === undefined) {
      left += add;
      const reason = new Fault('unsupported', `${from.join(', ')}: ${refused ?? ''}`, {
        hint: 'Give it another name there with --map-folder OLD=NEW.',
      });
      run.emit({ kind: 'fault', fault: reason });
      continue;
    }
    const { tally } = adding;
    const before = tally.added + tally.failed;
    try {
      if (!isFull) await addFolder(work, to, adding, run);
    } catch (error) {
      throwIfInterrupted(run);
      if (!isFault(error) || !endsFolder(error)) throw error;
      run.emit({ kind: 'fault', fault: asFault(error) });
      isFull = error.code === 'quota-exceeded';
    }
    left += Math.max(0, add - (tally.added + tally.failed - before));
  }
  return left;
};

const endsFolder = (fault: Fault): boolean => isFault(fault, 'quota-exceeded', 'read-only', 'server-refused');

const addFolder = async (
  work: Work,
  folder: ByteString,
  { options, account, tally, totals }: Adding,
  run: Run,
): Promise<void> => {
  const { create, subscribe, add } = work.plan;
  const { target, newHash, snapshot } = options;
  if (create) await target.open(folder, { create, subscribe }, run);
  if (add === 0) return;
  const sending = { target, folder, largestMessage: account.largestMessage, tally };
  let unreadable = 0;
  const counting: Run = {
    signal: run.signal,
    now: () => run.now(),
    emit: (event) => {
      if (event.kind === 'fault') unreadable++;
      run.emit(event);
    },
  };
  for await (const group of groupsOf(missingOf(work, run), atOnce)) {
    const ready = await readOutgoing(snapshot.source, group, newHash, counting);
    tally.failed += unreadable;
    unreadable = 0;
    await sendMessages(ready, sending, run);
    const { added: files, bytes } = tally;
    run.emit({ kind: 'progress', files, bytes, ...totals, current: folder });
  }
};
