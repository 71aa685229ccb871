import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { changeMailbox } from './generate-mailbox.ts';
import { ensureMailbox, forgetMailbox, mailboxSummary, optionsOf, settlingMilliseconds } from './mailbox-cache.ts';
import type { MailboxKind, MailboxOptions } from './mailbox/plan.ts';
import { type Command, CommandFailed, type Cost, measure, settle } from './measure.ts';
import { type ImapAccount, startImapAccount } from './imap-account.ts';
import { findDatedPrograms } from './dated-programs.ts';
import { findImapPrograms, imapPackages } from './imap-programs.ts';
import { type Found, newPlace, type Place, type Program } from './program.ts';
import { installPackages } from '../test/requirement/debian.ts';
import { type RemoteStorage, startS3Storage } from './s3-storage.ts';
import type { WorkFolder } from './work-folder.ts';

/** One line of the table: an action on a mailbox, measured with each program. */
export type RowAction = 'first' | 'unchanged' | 'changed' | 'restore' | 'check' | 'open';

export interface Row {
  readonly id: string;
  readonly title: string;
  readonly action: RowAction;
  /** Run once whatever was asked for: its time is not the point. */
  readonly once?: boolean;
}

/** Rows on one mailbox, in the order in which they build on each other. */
export interface Series {
  readonly mailbox: MailboxKind | 'one-file';
  readonly messages: number;
  readonly rows: readonly Row[];
  /** Where the repositories are. Default: on the same disk. `dated`: days beside each other, with programs of their own. */
  readonly storage?: 's3' | 'dated';
  /** The mailbox is an account on an IMAP server. */
  readonly account?: AccountSeries;
}

export interface AccountSeries {
  readonly folders: number;
  /** Milliseconds of a round trip while rows are measured. */
  readonly latency: number;
  /** Who is to take part, where not all can be waited for. */
  readonly programs?: readonly string[];
}

export interface Result {
  readonly row: string;
  readonly program: string;
  readonly costs: readonly Cost[];
  /** Bytes on disk of the repository after the row's last run. */
  readonly stored: number | undefined;
  /** Why there is no figure. */
  readonly failure: string | undefined;
}

export interface Plan {
  readonly base: string;
  readonly work: WorkFolder;
  readonly programs: readonly Program[];
  /** Names of programs that were asked for; undefined: all. */
  readonly named: readonly string[] | undefined;
  readonly repeat: number;
  readonly cold: boolean;
  readonly say: (line: string) => void;
}

interface Desk {
  readonly plan: Plan;
  readonly source: string;
  readonly mailbox: MailboxOptions | undefined;
  readonly places: Map<string, Place>;
  /** Programs that failed in this series, with the reason. */
  readonly failed: Map<string, string>;
  readonly remote: RemoteStorage | undefined;
  readonly account: ImapAccount | undefined;
}

export interface SeriesDone {
  readonly results: Result[];
  readonly mailbox: string[];
  /** Who took part besides the programs of the plan. */
  readonly programs: readonly Found[];
}

/** Runs a series. A program that fails is left out of the series' later rows; the others go on. */
export async function runSeries(series: Series, plan: Plan): Promise<SeriesDone> {
  if (series.account !== undefined) return runAccount(series, series.account, plan);
  if (series.storage === 'dated') return runDated(series, plan);
  const remote = series.storage === undefined ? undefined : await startS3Storage();
  try {
    return { ...(await runRows(series, plan, remote)), programs: [] };
  } finally {
    await remote?.stop();
  }
}

/** The rows of a dated disk: one folder a day, by those that make such. */
async function runDated(series: Series, plan: Plan): Promise<SeriesDone> {
  const found = findDatedPrograms(plan.base).filter((each) => {
    const name = each.kind === 'missing' ? each.name : each.program.name;
    return plan.named?.includes(name) ?? true;
  });
  const programs = found.flatMap((each) => (each.kind === 'program' ? [each.program] : []));
  return { ...(await runRows(series, { ...plan, programs }, undefined)), programs: [] };
}

/** The rows of an account: others take part, and the first capture that is not reported has a short line. */
async function runAccount(series: Series, wish: AccountSeries, plan: Plan): Promise<SeriesDone> {
  const { base, named, say } = plan;
  if (series.mailbox === 'one-file') throw new Error('an account needs a mailbox');
  const mailbox = optionsOf({ kind: series.mailbox, messages: series.messages, folders: wish.folders }, base);
  say(`mailbox ${mailbox.directory}`);
  await ensureMailbox(mailbox);
  const { directory, messages } = mailbox;
  const folder = join(`${base}-account`, basename(directory));
  const account = await startImapAccount({ mailbox: directory, messages, folder });
  try {
    for (const lack of await installPackages(imapPackages)) say(lack);
    const found = findImapPrograms(base, account).filter((each) => {
      const name = each.kind === 'missing' ? each.name : each.program.name;
      return (named?.includes(name) ?? true) && (wish.programs?.includes(name) ?? true);
    });
    const programs = found.flatMap((each) => (each.kind === 'program' ? [each.program] : []));
    const common = { places: new Map<string, Place>(), failed: new Map<string, string>() };
    const desk = { ...common, plan: { ...plan, programs }, source: directory, mailbox, remote: undefined, account };
    const text = `account of ${wish.folders} folders, ${wish.latency} ms away, Dovecot ${account.version}: ${mailboxSummary(mailbox)}`;
    return { results: await rowsOf(series, desk, wish.latency), mailbox: [text], programs: found };
  } finally {
    await account.stop();
  }
}

async function rowsOf(series: Series, desk: Desk, latency: number): Promise<Result[]> {
  const results: Result[] = [];
  if (!series.rows.some((row) => row.action === 'first')) {
    const programs = desk.plan.programs.filter((program) => series.rows.some((row) => canDo(program, row.action)));
    const prepare: Row = { id: 'prepare', title: 'first backup, not reported', action: 'first', once: true };
    await runRow(prepare, { ...desk, plan: { ...desk.plan, programs } });
  }
  desk.account?.setLatency(latency);
  for (const row of series.rows) results.push(...(await runRow(row, desk)));
  return results;
}

async function runRows(
  series: Series,
  given: Plan,
  remote: RemoteStorage | undefined,
): Promise<{ results: Result[]; mailbox: string[] }> {
  const able = given.programs.filter(({ speaksS3 }) => remote === undefined || speaksS3 === true);
  const plan = { ...given, programs: able };
  const desk = { ...(await prepare(series, plan)), remote, account: undefined };
  const mailbox = desk.mailbox === undefined ? [] : [`mailbox ${series.mailbox}: ${mailboxSummary(desk.mailbox)}`];
  return { results: await rowsOf(series, desk, 0), mailbox };
}

async function prepare(series: Series, plan: Plan): Promise<Omit<Desk, 'remote' | 'account'>> {
  const common = { plan, places: new Map<string, Place>(), failed: new Map<string, string>() };
  if (series.mailbox === 'one-file') {
    const source = plan.work.unused('one-file');
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, 'file'), 'one small file\n');
    await sleep(settlingMilliseconds);
    return { ...common, source, mailbox: undefined };
  }
  const mailbox = optionsOf({ kind: series.mailbox, messages: series.messages }, plan.base);
  plan.say(`mailbox ${mailbox.directory}`);
  await ensureMailbox(mailbox);
  if (!plan.cold) readAll(mailbox.directory);
  return { ...common, source: mailbox.directory, mailbox };
}

/** Brings all mail into the page cache, which else the program whose turn comes first would do for the others. */
function readAll(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) readAll(path);
    else if (entry.isFile()) readFileSync(path);
  }
}

async function runRow(row: Row, desk: Desk): Promise<Result[]> {
  const { plan } = desk;
  const programs = plan.programs.filter((program) => canDo(program, row.action));
  const costs = new Map<string, Cost[]>(programs.map(({ name }) => [name, []]));
  const repeat = row.once === true ? 1 : plan.repeat;
  for (let round = 1; round <= repeat; round++) {
    if (row.action === 'changed') await letADayPass(desk, round);
    for (let turn = 0; turn < programs.length; turn++) {
      // Each round starts with another program, so that none always runs in the wake of the same one.
      const program = programs[(turn + round - 1) % programs.length];
      if (program === undefined || desk.failed.has(program.name)) continue;
      try {
        const cost = await runOnce(row.action, program, desk);
        costs.get(program.name)?.push(cost);
        plan.say(
          `${row.id} ${round}/${repeat} ${program.name}: ${cost.wall.toFixed(2)} s, CPU ${cost.cpu.toFixed(2)} s, ${Math.round(cost.peak / 1e6)} MB`,
        );
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        desk.failed.set(program.name, error.message);
        plan.say(`${row.id} ${program.name} FAILED: ${error.message}`);
      }
    }
  }
  return programs.map(({ name, guestOf }) => {
    const place = desk.places.get(guestOf ?? name);
    return {
      row: row.id,
      program: name,
      costs: costs.get(name) ?? [],
      stored: place !== undefined && existsSync(place.repository) ? bytesOnDisk(place.repository) : undefined,
      failure: desk.failed.get(name),
    };
  });
}

function canDo(program: Program, action: RowAction): boolean {
  if (action === 'unchanged' || action === 'changed') return program.isIncremental;
  return program[action === 'first' ? 'backup' : action] !== undefined;
}

async function letADayPass({ mailbox, plan }: Desk, round: number): Promise<void> {
  if (mailbox === undefined) throw new Error('only a mailbox can change');
  forgetMailbox(mailbox);
  const { added, renamed } = changeMailbox(mailbox, { round });
  plan.say(`round ${round}: ${added} new messages, ${renamed} with other flags`);
  await sleep(settlingMilliseconds);
}

async function runOnce(action: RowAction, program: Program, desk: Desk): Promise<Cost> {
  const { plan, source } = desk;
  if (action === 'first') {
    const fresh = newPlace(plan.work.unused(program.name), desk.remote);
    desk.places.set(program.name, fresh);
    if (program.init !== undefined) await measure(program.init(fresh));
    const cost = await measured(possible(program, program.backup?.(fresh, source)), plan);
    const [there, wanted] = [program.messagesIn?.(fresh), desk.account?.messages];
    // A capture of half the messages would be a fast one.
    if (there !== undefined && there !== wanted) throw new CommandFailed(`brought ${there} messages, not ${wanted}`);
    return cost;
  }
  const place = desk.places.get(program.guestOf ?? program.name);
  if (place === undefined) throw new CommandFailed('the first backup was not made');
  if (action === 'restore') return restored(program, place, desk);
  const command = action === 'open' || action === 'check' ? program[action]?.(place) : program.backup?.(place, source);
  return measured(possible(program, command), plan);
}

function possible({ name }: Program, command: Command | undefined): Command {
  if (command === undefined) throw new CommandFailed(`${name} cannot do this`);
  return command;
}

function measured(command: Command, { cold }: Plan): Promise<Cost> {
  settle(cold);
  return measure(command);
}

/** Restores into an empty directory, and counts afterwards: a restore of half the files would be a fast one. */
async function restored(program: Program, place: Place, { plan, source }: Desk): Promise<Cost> {
  const target = plan.work.unused(`restored-by-${program.name}`);
  mkdirSync(target, { recursive: true });
  const cost = await measured(possible(program, program.restore?.(place, target)), plan);
  const [there, wanted] = [countFiles(target), countFiles(source)];
  if (there.files !== wanted.files || there.bytes !== wanted.bytes) {
    throw new CommandFailed(
      `restored ${there.files} files of ${there.bytes} bytes, not ${wanted.files} of ${wanted.bytes}`,
    );
  }
  return cost;
}

function countFiles(folder: string): { files: number; bytes: number } {
  let files = 0;
  let bytes = 0;
  eachFile(folder, (size) => {
    files++;
    bytes += size;
  });
  return { files, bytes };
}

/** Allocated blocks, as du counts them. */
function bytesOnDisk(folder: string): number {
  let bytes = 0;
  eachFile(folder, (_, blocks) => {
    bytes += blocks * 512;
  });
  return bytes;
}

function eachFile(folder: string, visit: (size: number, blocks: number) => void): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      eachFile(path, visit);
    } else {
      const { size, blocks } = lstatSync(path);
      visit(size, blocks);
    }
  }
}
