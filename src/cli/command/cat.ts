import { Argument } from 'commander';
import type { ObjectKind } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { formatConfig } from '../../store/restic/format/config.ts';
import { formatSnapshot } from '../../store/restic/format/snapshot-format.ts';
import { parseLock } from '../../store/restic/lock/lock-file.ts';
import { lookUpTree } from '../../store/restic/read/tree-listing.ts';
import type { Repository } from '../../store/restic/repository.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { readRepository } from '../read-repository.ts';
import { indentJson } from '../render/indent-json.ts';
import { refuseTerminal } from '../refuse-terminal.ts';
import { namedSnapshot } from '../snapshot-options.ts';

interface CatOptions extends GlobalOptions {
  readonly showSecret: boolean;
}

interface Wanted {
  readonly repository: Repository;
  readonly id: string;
  readonly options: CatOptions;
  readonly context: CommandContext;
}

type Show = (wanted: Wanted, run: Run) => Promise<void>;

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();

/** The name of an object from its beginning. Faults: `object-missing`, `usage`. */
const nameOf = async ({ repository, id }: Wanted, kind: Exclude<ObjectKind, 'config'>, run: Run): Promise<string> => {
  if (!/^[0-9a-f]{1,64}$/.test(id)) {
    throw new Fault('usage', `“${id}” is not the beginning of an id`, {
      hint: 'Ids have 64 digits: 0 to 9 and a to f.',
    });
  }
  const found: string[] = [];
  for await (const page of repository.session.backend.list(kind, run)) {
    for (const { name } of page) if (name.startsWith(id)) found.push(name);
  }
  const [first] = found;
  if (first === undefined) {
    throw new Fault('object-missing', `there is no ${kind} ${id}`, {
      hint: 'See `mailkeep list` for what there is.',
      context: { kind, id },
    });
  }
  if (found.length === 1) return first;
  const names = found.slice(0, 5).map((name) => name.slice(0, Math.max(8, id.length + 4)));
  throw new Fault('usage', `${found.length} objects of this kind begin with ${id}`, {
    hint: `Give more of the id: ${names.join(', ')}.`,
  });
};

const showConfig: Show = async ({ repository, context }) =>
  context.output.print(indentJson(textOf(formatConfig(repository.session.config))));

const showIndex: Show = async (wanted, run) => {
  const json = await wanted.repository.session.io.load('index', await nameOf(wanted, 'index', run), run);
  wanted.context.output.print(textOf(json).trimEnd());
};

const showSnapshot: Show = async ({ repository, id, context }, run) => {
  const { file } = await namedSnapshot(repository, id, undefined, run);
  context.output.print(indentJson(textOf(formatSnapshot(file))));
};

const showKey: Show = async (wanted, run) => {
  const name = await nameOf(wanted, 'key', run);
  const json = await wanted.repository.session.backend.load({ kind: 'key', name }, undefined, run);
  wanted.context.output.print(indentJson(textOf(json)));
};

const showLock: Show = async (wanted, run) => {
  const json = await wanted.repository.session.io.load('lock', await nameOf(wanted, 'lock', run), run);
  if (parseLock(json) === undefined) throw new Fault('io-failed', 'the file is no lock');
  wanted.context.output.print(indentJson(textOf(json)));
};

const showMasterKey: Show = async ({ repository, options, context }) => {
  if (!options.showSecret) {
    throw new Fault('usage', 'whoever has the master key reads everything in the repository, for ever', {
      hint: 'Add --show-secret if you do want to see it; it cannot be changed afterwards.',
    });
  }
  const { encrypt, macK, macR } = repository.session.master;
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const key = { mac: { k: base64(macK), r: base64(macR) }, encrypt: base64(encrypt) };
  context.output.print(JSON.stringify(key, undefined, 2));
};

const showPack: Show = async (wanted, run) => {
  refuseTerminal(wanted.context, 'a pack');
  const name = await nameOf(wanted, 'pack', run);
  const { backend } = wanted.repository.session;
  await wanted.context.output.write(await backend.load({ kind: 'pack', name }, undefined, run));
};

const showBlob: Show = async ({ repository, id, context }, run) => {
  if (!/^[0-9a-f]{64}$/.test(id)) {
    throw new Fault('usage', 'a blob is named by its whole id', { hint: '`mailkeep list blobs` lists them.' });
  }
  const bytes = Uint8Array.from(Buffer.from(id, 'hex'));
  const { table } = await repository.index(run);
  const type = table.has('data', bytes) ? 'data' : 'tree';
  if (type === 'data') refuseTerminal(context, 'a blob');
  await context.output.write(await (await repository.blobs(run)).load(type, bytes, run));
};

const showTree: Show = async ({ repository, id, context }, run) => {
  const { file, folder } = await namedSnapshot(repository, id, undefined, run);
  const trees = await repository.trees(run);
  const tree = await lookUpTree(trees, Uint8Array.from(Buffer.from(file.tree, 'hex')), folder, run);
  await context.output.write(await trees.load(tree, run));
};

const shows: Readonly<Record<string, Show>> = {
  config: showConfig,
  index: showIndex,
  snapshot: showSnapshot,
  key: showKey,
  masterkey: showMasterKey,
  lock: showLock,
  pack: showPack,
  blob: showBlob,
  tree: showTree,
};

export const catCommand: DefineCommand = (execute) =>
  newCommand('cat', 'print an object of the repository as it is stored')
    .addArgument(new Argument('<what>', 'what to print').choices(Object.keys(shows)))
    .argument('[id]', 'beginning of its id; of a tree SNAPSHOT[:folder]; none for config and masterkey')
    .option('--show-secret', 'with masterkey: do print it', false)
    .addHelpText(
      'after',
      examples([
        'mailkeep cat config',
        'mailkeep cat snapshot latest',
        'mailkeep cat tree latest:/home/alice/Maildir',
        'mailkeep cat pack 025c1d06 > pack',
      ]),
    )
    .action((what: string, id: string | undefined, options: CatOptions) =>
      execute(options, (context) => catObject(what, { id, options }, context)),
    );

const catObject = (
  what: string,
  { id, options }: { readonly id: string | undefined; readonly options: CatOptions },
  context: CommandContext,
): Promise<number> => {
  const show = shows[what];
  const needsId = what !== 'config' && what !== 'masterkey';
  if (show === undefined || (needsId && id === undefined)) {
    throw new Fault('usage', `\`cat ${what}\` needs an id`, { hint: '`mailkeep list` shows the ids there are.' });
  }
  return readRepository(context, (repository, run) => show({ repository, id: id ?? '', options, context }, run));
};
