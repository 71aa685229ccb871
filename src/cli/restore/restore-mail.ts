import { lstat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { ExportedMessage, ExportReport } from '../../contract/exported-mail.ts';
import type { Run } from '../../contract/run.ts';
import type { Nanoseconds } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { formatBytes } from '../../model/size.ts';
import { exportMail, type FolderPlan, type MailSelection, planMail } from '../../operation/export-mail.ts';
import { createSnapshotOpener } from '../../store/restic/read/browsed-repository.ts';
import type { Repository } from '../../store/restic/repository.ts';
import type { CommandContext } from '../context.ts';
import { collect } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { searchOf } from '../find-mail.ts';
import { parseMoment } from '../parse-moment.ts';
import { openPresented, presenter } from '../present-mail.ts';
import { filterOf, type FilterOptions, namedSnapshot } from '../snapshot-options.ts';
import { withTarget } from '../write-target.ts';

export interface MailRestoreOptions {
  /** Where mail is brought to: `mbox:…` and the like. */
  readonly to?: string;
  readonly folder: readonly string[];
  readonly from?: string;
  readonly subject?: string;
  readonly text?: string;
  readonly messageId?: string;
  readonly since?: Nanoseconds;
  readonly before?: Nanoseconds;
}

export const addMailRestoreOptions = (command: Command): Command =>
  command
    .option(
      '--to <place>',
      'only mail, as maildir:FOLDER, mbox:FILE, mbox:FOLDER/, zip:FILE or imap:ACCOUNT; never overwrites',
    )
    .option('--folder <name>', 'with --to: this mail folder and those below (may be repeated)', collect, [])
    .option('--from <text>', 'with --to: messages whose sender has this text; with --component: which backup')
    .option('--subject <text>', 'with --to: messages with this text in the subject')
    .option('--text <words>', 'with --to: messages with these words in sender, recipients, subject or Message-ID')
    .option('--message-id <id>', 'with --to: the message with this Message-ID')
    .option('--since <date>', 'with --to: messages dated since then', parseMoment)
    .option('--before <date>', 'with --to: messages dated before then', parseMoment);

type Write = (messages: AsyncIterable<ExportedMessage>, run: Run) => Promise<ExportReport>;

const occupied = (path: string): Fault =>
  new Fault('target-occupied', `${path} is there already`, { hint: 'Nothing is ever overwritten: give another name.' });

const kindOf = async (path: string): Promise<'folder' | 'file' | undefined> =>
  lstat(path).then(
    (stats) => (stats.isDirectory() ? 'folder' : 'file'),
    () => undefined,
  );

/** What writes to the place. Faults: `usage`, `target-occupied`. */
const writerFor = async (place: string, { output }: CommandContext): Promise<Write> => {
  const [, scheme = '', given = ''] = /^([a-z]+):(.+)$/s.exec(place) ?? [];
  const path = resolve(given);
  const kind = await kindOf(path);
  switch (scheme) {
    case 'maildir': {
      if (kind === 'file') throw occupied(path);
      const { writeMaildir } = await import('../../protocol/export/maildir.ts');
      return (messages, run) => writeMaildir(messages, path, run);
    }
    case 'mbox': {
      if (kind === 'file') throw occupied(path);
      const { writeMbox } = await import('../../protocol/export/mbox.ts');
      const perFolder = kind === 'folder' || given.endsWith('/');
      return (messages, run) => writeMbox(messages, { path, perFolder }, run);
    }
    case 'zip': {
      if (kind !== undefined) throw occupied(path);
      const { writeEmlArchive } = await import('../../protocol/export/eml-archive.ts');
      return async (messages, run) => {
        const made: ExportReport[] = [];
        await withTarget(path, output, async (sink) => void made.push(await writeEmlArchive(messages, sink, run)));
        return made[0] ?? { messages: 0, bytes: 0, left: 0 };
      };
    }
    default:
      throw new Fault('usage', `“${place}” is no place that mail can be brought to`, {
        hint: 'Write maildir:FOLDER, mbox:FILE, mbox:FOLDER/, zip:FILE or imap:ACCOUNT.',
      });
  }
};

export const selectionOf = (options: MailRestoreOptions): MailSelection => {
  const { folder, from, subject, text, messageId, since, before } = options;
  const asked = { from, subject, text, messageId, since, before };
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  return { folders: folder, search: Object.keys(given).length === 0 ? undefined : searchOf(given) };
};

const total = (plans: readonly FolderPlan[]) => ({
  messages: plans.reduce((sum, { messages }) => sum + messages, 0),
  bytes: plans.reduce((sum, { bytes }) => sum + bytes, 0),
});

const printPlan = (plans: readonly FolderPlan[], place: string, context: CommandContext): void => {
  const { output, messages, options } = context;
  output.update(undefined);
  if (options.json) {
    output.print(JSON.stringify({ message_type: 'plan', target: place, folders: plans, ...total(plans) }));
    return;
  }
  output.print(messages.mailPlan(place));
  for (const { folder, messages: count, bytes } of plans) {
    output.print(messages.mailPlanFolder(folder, count, formatBytes(bytes)));
  }
};

export interface MailRestoreRequest {
  readonly reference: string;
  readonly place: string;
  readonly options: MailRestoreOptions & FilterOptions & { readonly dryRun: boolean };
}

/** Brings the mail of a snapshot to a place that is no folder of the same files. */
export const restoreMail = async (
  repository: Repository,
  { reference, place, options }: MailRestoreRequest,
  context: CommandContext,
): Promise<number> => {
  const { run } = context;
  const { file, folder } = await namedSnapshot(repository, reference, filterOf(options, context), run);
  if (folder.length > 0) {
    throw new Fault('usage', 'with --to a mail folder is named with --folder', {
      hint: 'Leave out what is behind the colon.',
    });
  }
  let faults = 0;
  const counted: Run = {
    signal: run.signal,
    now: () => run.now(),
    emit: (event) => {
      if (event.kind === 'fault') faults++;
      run.emit(event);
    },
  };
  const write = await writerFor(place, context);
  await repository.findMissingPacks(run);
  const present = presenter(repository, { stored: false }, context);
  const presented = (await present(file.id, counted)) ?? (await createSnapshotOpener(repository)(file.id, counted));
  const snapshot = await openPresented(repository, { id: file.id, folder: [], present }, counted);
  const selection = selectionOf(options);
  const plans = await planMail(snapshot, selection, { ...counted, emit: () => undefined });
  if (plans.length === 0) {
    throw new Fault('path-missing', 'no message in the snapshot matches what was asked for', {
      hint: '`mailkeep find` shows messages, `mailkeep ls -l` the names of mail folders.',
    });
  }
  printPlan(plans, place, context);
  if (options.dryRun) return exitCode.good;
  const report = await write(exportMail({ snapshot, root: presented.root }, selection, counted), counted);
  printReport(report, { place, id: file.id, faults }, context);
  return faults > 0 ? exitCode.incomplete : exitCode.good;
};

const printReport = (
  { messages: count, bytes, left }: ExportReport,
  { place, id, faults }: { readonly place: string; readonly id: string; readonly faults: number },
  { output, messages, options }: CommandContext,
): void => {
  output.update(undefined);
  if (options.json) {
    const counts = { messages: count, bytes, left, failed: faults };
    output.print(JSON.stringify({ message_type: 'summary', snapshot_id: id, target: place, ...counts }));
    return;
  }
  output.print(messages.mailRestored(count, formatBytes(bytes), place));
  if (left > 0) output.print(messages.mailLeft(left));
  if (faults > 0) output.print(messages.restoreFailed(faults));
};
