import { Argument } from 'commander';
import type { ObjectKind } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { decodeIndex } from '../../store/restic/format/index-format.ts';
import { createBlobSet } from '../../store/restic/index/blob-set.ts';
import { collectUsedBlobs } from '../../store/restic/read/used-blobs.ts';
import type { Repository } from '../../store/restic/repository.ts';
import type { CommandContext, GlobalOptions } from '../context.ts';
import { examples, newCommand, type DefineCommand } from '../define-command.ts';
import { createLineWriter, type LineWriter } from '../line-writer.ts';
import { readRepository } from '../read-repository.ts';
import { namedSnapshot } from '../snapshot-options.ts';

const kinds: Readonly<Record<string, Exclude<ObjectKind, 'config'>>> = {
  packs: 'pack',
  index: 'index',
  snapshots: 'snapshot',
  keys: 'key',
  locks: 'lock',
};

export const listCommand: DefineCommand = (execute) =>
  newCommand('list', 'list the objects of the repository by their ids')
    .addArgument(new Argument('<what>', 'what to list').choices(['blobs', ...Object.keys(kinds)]))
    .argument('[snapshot]', 'with packs: only those that this snapshot needs')
    .addHelpText(
      'after',
      examples(['mailkeep list snapshots', 'mailkeep list packs latest', 'mailkeep list blobs | grep ^tree | wc -l']),
    )
    .action((what: string, snapshot: string | undefined, options: GlobalOptions) =>
      execute(options, (context) => listObjects(what, snapshot, context)),
    );

const listObjects = (what: string, snapshot: string | undefined, context: CommandContext): Promise<number> => {
  if (snapshot !== undefined && what !== 'packs') {
    throw new Fault('usage', `a snapshot goes with \`list packs\`, not with \`list ${what}\``);
  }
  // Whoever lists locks wants to see those that are in the way.
  const quiet = what === 'locks' ? { ...context, options: { ...context.options, lock: false } } : context;
  return readRepository(quiet, async (repository, run) => {
    const writer = createLineWriter(context.output);
    const kind = kinds[what];
    if (kind === undefined) await listBlobs(repository, { context, writer }, run);
    else if (snapshot === undefined) await listKind(repository, kind, { context, writer }, run);
    else await listPacksOf(repository, snapshot, { context, writer }, run);
    await writer.end();
  });
};

interface Sink {
  readonly context: CommandContext;
  readonly writer: LineWriter;
}

const tellId = ({ context, writer }: Sink, id: string): void =>
  writer.line(context.options.json ? JSON.stringify({ id }) : id);

const listKind = async (
  repository: Repository,
  kind: Exclude<ObjectKind, 'config'>,
  sink: Sink,
  run: Run,
): Promise<void> => {
  for await (const page of repository.session.backend.list(kind, run)) {
    for (const { name } of page) tellId(sink, name);
    await sink.writer.drain();
  }
};

/** As the index files tell of them, one that is stored twice twice. */
const listBlobs = async (repository: Repository, { context, writer }: Sink, run: Run): Promise<void> => {
  const { backend, io } = repository.session;
  for await (const page of backend.list('index', run)) {
    for (const { name } of page) {
      let pack = '';
      decodeIndex(
        await io.load('index', name, run),
        (id) => {
          pack = Buffer.from(id).toString('hex');
        },
        ({ type, id, length }) => {
          const hex = Buffer.from(id).toString('hex');
          writer.line(context.options.json ? JSON.stringify({ type, id: hex, pack, length }) : `${type} ${hex}`);
        },
      );
      await writer.drain();
    }
  }
};

const listPacksOf = async (repository: Repository, reference: string, sink: Sink, run: Run): Promise<void> => {
  const { file } = await namedSnapshot(repository, reference, undefined, run);
  const { table, packs } = await repository.index(run);
  const used = createBlobSet();
  const root = Uint8Array.from(Buffer.from(file.tree, 'hex'));
  await collectUsedBlobs({ trees: await repository.trees(run), table }, root, used, run);
  const numbers = new Set<number>();
  for (const slot of used.values()) {
    const location = table.location(slot);
    if (location !== undefined) numbers.add(location.pack);
  }
  const ids = [...numbers].map((number) => packs.idOf(number) ?? '');
  for (const id of ids.sort()) tellId(sink, id);
};
