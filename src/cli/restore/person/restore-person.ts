import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { Source } from '../../../contract/source.ts';
import type { TargetPlan } from '../../../contract/target.ts';
import { maildirFolder } from '../../../mail/maildir-folder.ts';
import { type ByteString, byteStringOfLatin1, byteStringOfText, displayText } from '../../../model/byte-string.ts';
import type { Metadata, Nanoseconds, Path } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import { inRestoredFolder } from '../../../operation/person-mail/restored-folder.ts';
import { type PersonMail, selectMail, type SelectedMail } from '../../../operation/person-mail/select-mail.ts';
import { restore } from '../../../operation/restore.ts';
import { asFolder } from '../../../operation/server/restore/placed-source.ts';
import { createMergingTarget } from '../../../protocol/maildir/merge/merging-target.ts';
import { originOf } from '../../../registry/server.ts';
import { loadPosix } from '../../../system/posix.ts';
import { confirm, isAttended } from '../../confirm.ts';
import type { CommandContext } from '../../context.ts';
import { countedRun } from '../../counted-run.ts';
import { exitCode } from '../../exit-code.ts';
import { searchOf } from '../../find-mail.ts';
import { localTime } from '../../render/local-time.ts';
import { type OpenedServer, withServerBackup } from '../open-server-backup.ts';
import { printPlan, type RestoreSubject } from '../restore-plan.ts';
import { isComplete, printRestore } from '../restore-summary.ts';
import { findMailbox, type PersonMailbox } from './find-mailbox.ts';
import type { PersonRestoreWish } from './person-options.ts';

/** Brings mail of one person back into the mailbox, from a backup of the whole server. */
export const restorePerson = (wish: PersonRestoreWish, context: CommandContext): Promise<number> =>
  withServerBackup(
    { from: wish.from ?? 'latest', server: wish.server },
    (opened) => restoreOpened(opened, wish, context),
    context,
  );

const restoreOpened = async (
  opened: OpenedServer,
  wish: PersonRestoreWish,
  context: CommandContext,
): Promise<number> => {
  const { run, faults } = countedRun(context, 'lines');
  const began = run.now();
  const { backup } = opened;
  if (!backup.isComplete)
    run.emit({ kind: 'notice', message: context.messages.personBackupIncomplete(backup.description) });
  const mailbox = await findMailbox(backup, { address: wish.user, mailbox: wish.mailbox }, run);
  const place = await livingPlace(opened, mailbox, wish);
  const mail = await backup.open(mailbox.path, run);
  try {
    const selected = await selectMail(mail, mailWish(wish), run);
    if (selected.folders.length === 0) throw nothingFound();
    const subject: RestoreSubject = {
      source: `${backup.description}:/${mailbox.path.map((name) => displayText(name)).join('/')}`,
      target: place,
      inPlace: true,
    };
    const target = await openTarget(place, selected, { wish, verbose: context.options.verbose });
    const report = await restore(
      sourceOf(mail, { selected, wish, place, metadata: mailbox.metadata, now: began }),
      target,
      { dryRun: wish.dryRun, verify: false, confirm: (plan) => mayAdd(plan, { subject, yes: wish.yes }, context) },
      run,
    );
    if (report.outcome === 'planned') printPlan(report.plan, subject, context);
    const milliseconds = Number(run.now() - began) / 1e6;
    printRestore({ ...report, snapshotId: backup.name, target: place, milliseconds }, context);
    const isWhole = isComplete(report) && report.outcome !== 'declined';
    return isWhole && faults() === 0 ? exitCode.good : exitCode.incomplete;
  } finally {
    await mail.close();
  }
};

const nothingFound = (): Fault =>
  new Fault('path-missing', 'no mail of this person in the backup matches what was asked for', {
    hint: 'Leave out --folder, --since or --message to see in the plan what there is, with --dry-run.',
  });

const mailWish = ({ folder, subject, text, message, messageId = message, since, before }: PersonRestoreWish) => {
  const asked = { subject, text, messageId, since, before };
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const { query, beginningOf } = searchOf(given);
  return { folders: folder, query: Object.keys(given).length === 0 ? undefined : query, beginningOf };
};

/** Where the mailbox lives: where it came from by the configuration, else by what the backup says, or where it is said. */
const livingPlace = async (
  { backup, job, name }: OpenedServer,
  { path }: PersonMailbox,
  { target }: PersonRestoreWish,
): Promise<string> => {
  if (target !== undefined) return realPlace(resolve(target));
  const [component, folder, ...rest] = path.map((one) => displayText(one));
  const configured = job === undefined ? undefined : await originOf(job.entry, { server: name, host: '' });
  for (const origin of [configured, backup.origin]) {
    const root = origin?.components.find((one) => one.name === component)?.places[folder ?? ''];
    if (root !== undefined) return realPlace(join(root, ...rest));
  }
  throw new Fault('usage', 'neither the configuration nor the backup says where this mailbox lives', {
    hint: 'Name its Maildir with --target.',
  });
};

/** A mailbox may be a link to one. The folder above must be there: who it belongs to is not known otherwise. */
const realPlace = async (place: string): Promise<string> => {
  const real = await realpath(place).catch(() => place);
  const above = await stat(dirname(real)).catch(() => undefined);
  if (above?.isDirectory() === true) return real;
  throw new Fault('path-missing', `the folder above the mailbox is not there: ${dirname(real)}`, {
    hint: 'Is the mail server’s disk mounted? To bring back a whole domain, restore the component mail.',
    context: { path: real },
  });
};

interface Shape {
  readonly selected: SelectedMail;
  readonly wish: PersonRestoreWish;
  readonly place: string;
  readonly metadata: Metadata;
  readonly now: Nanoseconds;
}

const nameOfPlace = (place: string): ByteString => byteStringOfText(basename(place));

const sourceOf = (mail: PersonMail, { selected, wish, place, metadata, now }: Shape): Source => {
  const { restoredFolder } = wish;
  const inside =
    restoredFolder === undefined
      ? mail
      : inRestoredFolder(mail, { levels: levelsOf(restoredFolder, now), selected, metadata, now });
  return asFolder(inside, { name: nameOfPlace(place), metadata });
};

/** As the folders of a Maildir are called on the disk. */
const levelsOf = (given: string | true, now: Nanoseconds): Path => {
  const name = given === true ? `Restored-${localTime(now).slice(0, 10)}` : given;
  const directory = maildirFolder(byteStringOfText(name), '/', () => createHash('sha256'));
  if (directory === '') throw new Fault('usage', 'the inbox is no folder of its own: give another name');
  return directory.slice(1).split('.').map(byteStringOfLatin1);
};

const openTarget = async (
  place: string,
  { filter }: SelectedMail,
  { wish, verbose }: { readonly wish: PersonRestoreWish; readonly verbose: number },
) => {
  const below = nameOfPlace(place).length + 1;
  return createMergingTarget({
    directory: byteStringOfText(dirname(place)),
    // Of the restored folder all comes that its source has.
    ...(wish.restoredFolder === undefined
      ? { filter: (path, isDirectory) => filter(byteStringOfLatin1(path.slice(below)), isDirectory) }
      : {}),
    overwrite: 'never',
    posix: await loadPosix(),
    asRoot: process.geteuid?.() === 0,
    threads: Math.max(2, Math.min(8, availableParallelism())),
    everyEntry: verbose > 1,
  });
};

const mayAdd = async (
  plan: TargetPlan,
  { subject, yes }: { readonly subject: RestoreSubject; readonly yes: boolean },
  context: CommandContext,
): Promise<boolean> => {
  printPlan(plan, subject, context);
  const { create, overwrite } = plan;
  if (yes || create.files + create.directories + overwrite.files === 0) return true;
  if (isAttended(context) && !context.options.json)
    return confirm(context.messages.askPerson(create.files, subject.target), context);
  throw new Fault('usage', 'this adds mail to a mailbox, and there is nobody to ask', {
    hint: 'Say --yes, or --dry-run to see what would be added.',
  });
};
