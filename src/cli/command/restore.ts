import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Source } from '../../contract/source.ts';
import type { Overwrite, Target } from '../../contract/target.ts';
import { byteStringOfText, displayText } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import type { Repository } from '../../store/restic/repository.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { exitCode } from '../exit-code.ts';
import { addLeftOut } from '../left-out.ts';
import { withRepository } from '../open-repository.ts';
import {
  addExcludeOptions,
  addIncludeOptions,
  excludePatterns,
  type ExcludeOptions,
  includePatterns,
  type IncludeOptions,
} from '../pattern-options.ts';
import { addStoredOption, openPresented, presenter, type StoredOptions } from '../present-mail.ts';
import { type AccountRestoreOptions, addAccountRestoreOptions } from '../restore/account-restore-options.ts';
import { addPersonRestoreOptions, type PersonRestoreOptions } from '../restore/person/person-options.ts';
import { addMailRestoreOptions, type MailRestoreOptions, restoreMail } from '../restore/restore-mail.ts';
import { restoreFilter, type RestoreFilter } from '../restore/restore-filter.ts';
import { isEmptyPlan, mayApply, printPlan, type RestoreSubject } from '../restore/restore-plan.ts';
import { isComplete, printRestore } from '../restore/restore-summary.ts';
import {
  addServerRestoreOptions,
  refuseServerOptions,
  type ServerRestoreOptions,
} from '../restore/server/server-restore-options.ts';
import { addFilterOptions, filterOf, type FilterOptions, namedSnapshot } from '../snapshot-options.ts';

interface RestoreCommandOptions
  extends
    GlobalOptions,
    FilterOptions,
    ExcludeOptions,
    IncludeOptions,
    StoredOptions,
    MailRestoreOptions,
    AccountRestoreOptions,
    ServerRestoreOptions,
    PersonRestoreOptions {
  readonly target?: string;
  readonly overwrite: Overwrite;
  readonly verify?: boolean;
  readonly dryRun: boolean;
  readonly sparse: boolean;
  readonly yes: boolean;
}

const leftOut = [
  { flags: '--delete', instead: 'It removes nothing at the target: restore into an empty folder.' },
  { flags: '--ownership-by-name', instead: 'Owners are restored by their numbers.' },
  { flags: '--exclude-xattr <pattern>', instead: 'Extended attributes are restored all.' },
  { flags: '--include-xattr <pattern>', instead: 'Extended attributes are restored all.' },
];

export const restoreCommand: DefineCommand = (execute) => {
  const command = newCommand('restore', 'bring a snapshot, or a part of it, back into a folder')
    .argument('[snapshot[:folder]]', 'beginning of an id, latest or latest~1; of a folder in it')
    .option('-t, --target <folder>', 'where to; it is made if it is not there')
    .addOption(
      new Option(
        '--overwrite <when>',
        'what to do with files that are there: if-changed leaves those of equal size and time',
      )
        .choices(['always', 'if-changed', 'never'])
        .default('if-changed'),
    )
    .option('--verify', 'read back what was restored and compare it with the backup (with --component: by itself)')
    .option('--no-verify', 'with --component: do not read it back')
    .option('-n, --dry-run', 'only show the plan', false)
    .option('--sparse', 'leave holes where files have nothing but zeros', false)
    .option('--yes', 'overwrite, or restore in place, without being asked', false);
  addPersonRestoreOptions(command);
  addServerRestoreOptions(
    addAccountRestoreOptions(
      addMailRestoreOptions(addStoredOption(addFilterOptions(addExcludeOptions(addIncludeOptions(command))))),
    ),
  );
  return addLeftOut(command, leftOut)
    .addHelpText(
      'after',
      examples([
        'mailkeep restore latest --target /tmp/back --verify',
        'mailkeep restore latest:/home/alice/Maildir --target /tmp/alice       only what is in that folder',
        "mailkeep restore 1a2b3c4d -t /tmp/back -i '/home/*/Maildir' -e tmp    parts of it",
        'mailkeep restore latest --target / --dry-run                          what would be overwritten',
        'mailkeep restore latest --to mbox:old.mbox --folder Archive --before 2020-01-01',
        'mailkeep restore latest --to imap:fastmail --dry-run                  what an account would get',
        "mailkeep restore latest --to imap:new --map-folder 'Old=Archive/Old' --verify",
        'mailkeep restore --from latest --component config                     a part of a server, where it was',
        'mailkeep restore --from 2025-11-06 --component mail,mysql --dry-run   as it was on that day',
        'mailkeep restore --from /mnt/backup-hdd/mailserver/latest --component all',
        'mailkeep restore --from repository --component all --into /mnt/new    below another root',
        'mailkeep restore --user alice@example.com --dry-run                   mail of one person, into the mailbox',
        'mailkeep restore --user alice@example.com --from 2025-11-06 --folder Archive --restored-folder',
      ]),
    )
    .action((reference: string | undefined, options: RestoreCommandOptions) =>
      execute(options, (context) => restoreWhatIsMeant(reference, options, context)),
    );
};

/** Mail of one person, parts of a server, or a snapshot. */
const restoreWhatIsMeant = async (
  reference: string | undefined,
  options: RestoreCommandOptions,
  context: CommandContext,
): Promise<number> => {
  const { user } = options;
  if (user !== undefined) {
    refuseWithPerson(reference, options);
    const { restorePerson } = await import('../restore/person/restore-person.ts');
    return restorePerson({ ...options, user }, context);
  }
  if ([options.mailbox, options.message, options.restoredFolder].some((one) => one !== undefined))
    throw new Fault('usage', '--mailbox, --message and --restored-folder go with --user alone');
  if (options.component.length > 0) {
    refuseOtherWays(reference, options);
    const { restoreComponents } = await import('../restore/server/restore-components.ts');
    const { from = 'latest', verify = true } = options;
    return restoreComponents({ ...options, from, verify }, context);
  }
  refuseServerOptions(options);
  if (reference !== undefined) return restoreSnapshot(reference, options, context);
  throw new Fault('usage', 'it is not said what to restore', {
    hint: 'Name a snapshot, such as latest; or for a server say --from WHERE --component LIST, or --user ADDRESS.',
  });
};

/** Fault `usage` for what goes with a snapshot, or with parts of a server, alone. */
const refuseWithPerson = (reference: string | undefined, options: RestoreCommandOptions): void => {
  const { server: _server, ...others } = options;
  refuseServerOptions(others);
  const { to, sparse, verify, include, exclude, component } = options;
  const isOther = reference !== undefined || to !== undefined || sparse || verify;
  if (!isOther && [include, exclude, component].every(({ length }) => length === 0)) return;
  throw new Fault('usage', '--user brings mail of one person back, from the backup that --from names', {
    hint: 'Leave out the snapshot, --component, --to, --sparse, --verify and the patterns; --folder, --since, --before and --message say which mail.',
  });
};

/** Fault `usage` for what goes with a snapshot alone. */
const refuseOtherWays = (reference: string | undefined, options: RestoreCommandOptions): void => {
  const { target, to, sparse, folder, include, exclude } = options;
  const isOther = [reference, target, to].some((one) => one !== undefined) || sparse || folder.length > 0;
  if (!isOther && include.length === 0 && exclude.length === 0) return;
  throw new Fault('usage', '--component brings whole parts of a server back, from the backup that --from names', {
    hint: 'Leave out the snapshot, --target, --to, --folder, --sparse and the patterns; --into says where else to restore to.',
  });
};

const restoreSnapshot = async (
  reference: string,
  options: RestoreCommandOptions,
  context: CommandContext,
): Promise<number> => {
  if (options.to?.startsWith('imap:') === true) {
    if (options.target !== undefined)
      throw new Fault('usage', '--target and --to name two places: leave one of them out');
    const { restoreToAccount } = await import('../restore/restore-to-account.ts');
    const account = options.to.slice('imap:'.length);
    const request = { reference, account, options: { ...options, verify: options.verify === true } };
    return withRepository(context, (repository) =>
      repository.guarded(() => restoreToAccount(repository, request, context), context.run),
    );
  }
  if (options.mapFolder.length > 0 || options.prefix !== undefined || options.sameMessageId) {
    throw new Fault('usage', '--map-folder, --prefix and --same-message-id go with --to imap:ACCOUNT alone');
  }
  if (options.to !== undefined) {
    const request = { reference, place: checkedPlace(options.to, options), options };
    return withRepository(context, (repository) =>
      repository.guarded(() => restoreMail(repository, request, context), context.run),
    );
  }
  const target = checkedTarget(options);
  if (target === '') throw new Fault('usage', 'the target of the restore is empty');
  if (options.dryRun && options.verify === true) {
    throw new Fault('usage', '--verify compares what was restored, and --dry-run restores nothing', {
      hint: 'Leave one of them out.',
    });
  }
  const { run } = context;
  const filter = restoreFilter(await includePatterns(options, run), await excludePatterns(options, run));
  const request = { reference, filter, target, options };
  return withRepository(context, (repository) =>
    repository.guarded(() => restoreFrom(repository, request, context), run),
  );
};

const mailOptions = ['from', 'subject', 'text', 'messageId', 'since', 'before'] as const;

/** Fault `usage` for options that only the other way of restoring has. */
const checkedPlace = (place: string, { target, verify }: RestoreCommandOptions): string => {
  if (target === undefined && verify !== true) return place;
  throw new Fault('usage', '--to brings mail to a place of its own: --target and --verify do not go with it');
};

const checkedTarget = (options: RestoreCommandOptions): string => {
  if (options.folder.length > 0 || mailOptions.some((name) => options[name] !== undefined)) {
    throw new Fault('usage', 'a part of the mail is asked for, and no place to bring it to', {
      hint: 'Add --to maildir:FOLDER, mbox:FILE, zip:FILE or imap:ACCOUNT.',
    });
  }
  if (options.target !== undefined) return options.target;
  throw new Fault('usage', 'it is not said where to restore to', {
    hint: 'Give --target FOLDER, or for mail alone --to maildir:FOLDER, mbox:FILE or zip:FILE.',
  });
};

interface Request {
  readonly reference: string;
  readonly target: string;
  /** Undefined: everything. */
  readonly filter: RestoreFilter | undefined;
  readonly options: RestoreCommandOptions;
}

const restoreFrom = async (
  repository: Repository,
  { reference, filter, target: given, options }: Request,
  context: CommandContext,
): Promise<number> => {
  const { run } = context;
  const began = run.now();
  const { file, folder } = await namedSnapshot(repository, reference, filterOf(options, context), run);
  await repository.findMissingPacks(run);
  const present = presenter(repository, options, context);
  const source = await openPresented(repository, { id: file.id, folder, present }, run);
  const target = resolve(given);
  const place = `/${folder.map((name) => displayText(name)).join('/')}`;
  const subject: RestoreSubject = {
    source: folder.length === 0 ? source.description : `${source.description}:${place}`,
    target,
    inPlace: target === place,
  };
  const { restore } = await import('../../operation/restore.ts');
  const report = await restore(
    source,
    await openTarget(source, filter ?? (() => true), { ...options, target: given }),
    {
      dryRun: options.dryRun,
      verify: options.verify === true,
      ...(filter === undefined ? {} : { filter }),
      confirm: async (plan) => {
        // Patterns that match nothing, such as a misspelt path: there is no plan to show.
        if (filter !== undefined && isEmptyPlan(plan)) return false;
        printPlan(plan, subject, context);
        return mayApply(plan, { subject, yes: options.yes }, context);
      },
    },
    run,
  );
  if (filter !== undefined && isEmptyPlan(report.plan)) {
    throw new Fault('path-missing', 'nothing in the snapshot matches what was asked for', {
      hint: 'Patterns begin at the root of the snapshot, or match a name at any depth; `mailkeep ls` shows what there is.',
    });
  }
  if (report.outcome === 'planned') printPlan(report.plan, subject, context);
  const milliseconds = Number(run.now() - began) / 1e6;
  printRestore({ ...report, snapshotId: file.id, target, milliseconds }, context);
  return isComplete(report) && report.outcome !== 'declined' ? exitCode.good : exitCode.incomplete;
};

const openTarget = async (
  source: Source,
  filter: RestoreFilter,
  options: RestoreCommandOptions & { readonly target: string },
): Promise<Target> => {
  const [{ createFilesTarget }, { narrowInventory }, { loadPosix }] = await Promise.all([
    import('../../protocol/files/target.ts'),
    import('../restore/narrow-inventory.ts'),
    import('../../system/posix.ts'),
  ]);
  const posix = await loadPosix();
  const directory = byteStringOfText(resolve(options.target));
  const target = createFilesTarget({
    directory,
    filter,
    overwrite: options.overwrite,
    sparse: options.sparse,
    posix,
    asRoot: process.geteuid?.() === 0,
    threads: Math.max(2, Math.min(8, availableParallelism())),
    everyEntry: options.verbose > 1,
  });
  return options.verify === true ? narrowInventory(target, source, { directory, posix }) : target;
};
