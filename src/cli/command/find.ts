import { type ByteString, byteStringOfLatin1, byteStringOfText } from '../../model/byte-string.ts';
import type { Nanoseconds, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { compileInclude, type PathFilter } from '../../model/filter.ts';
import type { Run } from '../../contract/run.ts';
import { type ListedNode, listNodes } from '../../store/restic/read/tree-listing.ts';
import type { Repository } from '../../store/restic/repository.ts';
import type { SnapshotFile } from '../../store/restic/format/snapshot-format.ts';
import { selectSnapshots } from '../../model/snapshot-selection.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { collect, examples, newCommand, type DefineCommand } from '../define-command.ts';
import { findMail, isMailSearch, type MailSearchOptions } from '../find-mail.ts';
import { createLineWriter, type LineWriter } from '../line-writer.ts';
import { parseMoment } from '../parse-moment.ts';
import { addStoredOption, listPresented, type Present, presenter, type StoredOptions } from '../present-mail.ts';
import { readRepository } from '../read-repository.ts';
import { localTime } from '../render/local-time.ts';
import { matchJson, nodeLine } from '../render/node.ts';
import { addFilterOptions, filterOf, type FilterOptions } from '../snapshot-options.ts';

interface FindOptions extends GlobalOptions, FilterOptions, MailSearchOptions, StoredOptions {
  readonly snapshot: readonly string[];
  readonly oldest?: Nanoseconds;
  readonly newest?: Nanoseconds;
  readonly ignoreCase: boolean;
  readonly long: boolean;
  readonly humanReadable: boolean;
  readonly reverse: boolean;
}

export const findCommand: DefineCommand = (execute) =>
  addStoredOption(addFilterOptions(newCommand('find', 'find files by name, and messages by what their headers say')))
    .argument('[patterns...]', 'names or paths of files, with * ? [a-z] and **, in all snapshots')
    .option('-s, --snapshot <id>', 'search in this one (may be repeated)', collect, [])
    .option('-i, --ignore-case', 'upper and lower case are the same', false)
    .option('-O, --oldest <date>', 'only files modified since then', parseMoment)
    .option('-N, --newest <date>', 'only files modified until then', parseMoment)
    .option('-l, --long', 'with mode, owner, size and time', false)
    .option('--human-readable', 'sizes as 1.2 MiB', false)
    .option('-R, --reverse', 'oldest snapshot first', false)
    .option('--from <text>', 'messages whose sender has this text')
    .option('--to <text>', 'messages with this text among To, Cc and Bcc')
    .option('--cc <text>', 'messages with this text among Cc')
    .option('--subject <text>', 'messages with this text in the subject')
    .option('--text <words>', 'messages with these words in sender, recipients, subject or Message-ID')
    .option('--message-id <id>', 'the message with this Message-ID')
    .option('--since <date>', 'messages dated since then', parseMoment)
    .option('--before <date>', 'messages dated before then', parseMoment)
    .option('--attachment [name]', 'messages with an attachment (* and ? in its name): reads whole messages')
    .option('--all-snapshots', 'messages of all snapshots, not of the newest only', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep find "*.pdf" -l                  files of all snapshots by name',
        'mailkeep find --from alice --since 2024-01-01',
        'mailkeep find --subject invoice --attachment "*.pdf" --all-snapshots',
        'mailkeep find --message-id 20240102.1@example.org --json',
      ]),
    )
    .action((patterns: readonly string[], options: FindOptions) =>
      execute(options, (context) => find(patterns, options, context)),
    );

const find = (patterns: readonly string[], options: FindOptions, context: CommandContext): Promise<number> => {
  const forMail = isMailSearch(options);
  if (forMail && patterns.length > 0) {
    throw new Fault('usage', 'a search by file name and a search for messages cannot be one', {
      hint: `For the name of an attachment write --attachment "${patterns[0] ?? ''}"; else leave out the pattern.`,
    });
  }
  if (!forMail && patterns.length === 0) {
    throw new Fault('usage', 'nothing to search for is given', {
      hint: 'Give a name such as "*.pdf", or --from, --to, --subject, --since, --message-id … for messages.',
    });
  }
  return readRepository(context, async (repository, run) => {
    const writer = createLineWriter(context.output);
    const filter = filterOf(options, context);
    const present = presenter(repository, options, context);
    if (forMail) await findMail({ repository, options, filter, context, writer, present }, run);
    else {
      const snapshots = selectSnapshots(await repository.snapshots(run), options.snapshot, filter);
      const wanted = { patterns, options, context };
      await findFiles(repository, { snapshots, wanted, writer, present }, run);
    }
    await writer.end();
  });
};

interface Wanted {
  readonly patterns: readonly string[];
  readonly options: FindOptions;
  readonly context: CommandContext;
}

interface FileSearch {
  readonly snapshots: readonly SnapshotFile[];
  readonly wanted: Wanted;
  readonly writer: LineWriter;
  readonly present: Present;
}

const findFiles = async (
  repository: Repository,
  { snapshots, wanted, writer, present }: FileSearch,
  run: Run,
): Promise<void> => {
  const { patterns, options, context } = wanted;
  const filter = compileInclude(patterns.map(byteStringOfText), { ignoreCase: options.ignoreCase });
  const trees = await repository.trees(run);
  const ordered = options.reverse ? snapshots : [...snapshots].reverse();
  const printer = options.json ? jsonPrinter(writer) : textPrinter(wanted, writer);
  for (const snapshot of ordered) {
    const presented = await present(snapshot.id, run);
    const prefix = byteStringOfLatin1('');
    const start = { trees, tree: Uint8Array.from(Buffer.from(snapshot.tree, 'hex')), prefix };
    const enter = (listed: ListedNode): boolean => verdictOf(filter, listed) !== 'excluded';
    const pages =
      presented === undefined ? listNodes(start, enter, run) : listPresented(presented.root, { prefix, enter }, run);
    for await (const page of pages) {
      for (const listed of page) {
        const isWanted = verdictOf(filter, listed) === 'included' && isWithin(listed, options);
        if (isWanted) printer.match(snapshot, listed);
      }
      await writer.drain();
    }
  }
  printer.end();
  if (printer.hits() === 0 && !options.json && !options.quiet) context.output.say(context.messages.nothingFound());
};

const namesOf = (path: ByteString): Path => path.slice(1).split('/').map(byteStringOfLatin1);

const verdictOf = (filter: PathFilter, { path, node }: ListedNode): ReturnType<PathFilter> =>
  filter(namesOf(path), node.subtree !== undefined);

const isWithin = ({ node }: ListedNode, { oldest, newest }: FindOptions): boolean =>
  (oldest === undefined || node.entry.mtime >= oldest) && (newest === undefined || node.entry.mtime <= newest);

interface MatchPrinter {
  match(snapshot: SnapshotFile, listed: ListedNode): void;
  end(): void;
  hits(): number;
}

/** One list, an object for each snapshot in which something was found, as restic's. */
const jsonPrinter = (writer: LineWriter): MatchPrinter => {
  let current: SnapshotFile | undefined;
  let hits = 0;
  let all = 0;
  const close = (): string => (current === undefined ? '' : `],"hits":${hits},"snapshot":"${current.id}"}`);
  writer.add('[');
  return {
    match: (snapshot, listed) => {
      if (snapshot !== current) {
        writer.add(`${close()}${current === undefined ? '' : ','}{"matches":[`);
        current = snapshot;
        hits = 0;
      }
      writer.add((hits++ > 0 ? ',' : '') + matchJson(listed));
      all++;
    },
    end: () => writer.line(`${close()}]`),
    hits: () => all,
  };
};

const textPrinter = ({ options, context }: Wanted, writer: LineWriter): MatchPrinter => {
  let current: SnapshotFile | undefined;
  let hits = 0;
  return {
    match: (snapshot, listed) => {
      if (snapshot !== current) {
        if (current !== undefined) writer.line('');
        const { id, time } = snapshot;
        writer.line(context.messages.foundIn(id.slice(0, 8), localTime(time.nanoseconds)));
        current = snapshot;
      }
      writer.line(nodeLine(listed, options));
      hits++;
    },
    end: () => undefined,
    hits: () => hits,
  };
};
