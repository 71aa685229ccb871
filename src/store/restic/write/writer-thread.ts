import { asFault, Fault } from '../../../model/fault.ts';
import { errnoCode, errnoFault } from '../../../system/errno.ts';
import { type AwaitMessage, serveThread } from '../../../system/thread.ts';
import { nativePath } from '../../../system/native-path.ts';
import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { BlobTable } from '../index/blob-table.ts';
import { BlobWriter } from './blob-writer.ts';
import { createCompressor, createDecompressor } from '../sealing/compression.ts';
import { createEnvelope } from '../sealing/envelope.ts';
import { FileContentReader, type ReadFile } from './file-content.ts';
import { IdList } from './id-list.ts';
import { PackBuilder, type SealedPack } from './pack-builder.ts';
import { PackMemory } from './pack-memory.ts';
import { loadSealingTools, type SealingTools } from '../sealing/sealing-tools.ts';
import { createChunker } from './rabin.ts';
import { createBlobSealer } from '../sealing/blob-sealer.ts';
import { AssemblyMemory, StreamAssembler } from './stream-assembler.ts';
import { plainFault } from '../plain-fault.ts';
import type { FileOutcome, FileTask, FromWriter, StreamPiece, ToWriter, WriterSetup } from './writer-messages.ts';

/*
 * A writer thread: it opens local files by itself or is handed the bytes that a source delivers, and gives back ids and
 * finished packs. It never touches the repository's storage.
 */

/** ENXIO: a socket took its place. */
const goneCodes: readonly (string | undefined)[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'];

type Post = (message: FromWriter, transfer?: readonly ArrayBuffer[]) => void;

class WriterThread {
  readonly #table: BlobTable;
  readonly #data: PackBuilder;
  readonly #trees: PackBuilder;
  readonly #writer: BlobWriter;
  readonly #reader = new FileContentReader();
  readonly #streams = new Map<number, StreamAssembler>();
  readonly #memory = new AssemblyMemory();
  readonly #packs: PackMemory;
  readonly #post: Post;

  constructor(
    setup: WriterSetup,
    { poly1305, ciphers, zstd }: SealingTools,
    { post, awaitMessage }: { readonly post: Post; readonly awaitMessage: AwaitMessage<ToWriter> },
  ) {
    this.#post = post;
    this.#packs = new PackMemory(setup.packsAway, () => {
      const message = awaitMessage(({ kind }) => kind === 'recycle');
      if (message.kind !== 'recycle') throw new Fault('internal', 'a writer thread was sent something else');
      return message.buffer;
    });
    this.#table = new BlobTable(setup.segments);
    const shared = {
      targetSize: setup.packSize,
      sealer: createBlobSealer(setup.master, poly1305, ciphers),
      envelope: createEnvelope(setup.master, poly1305),
      compressor: createCompressor(setup.compression === 'max' ? 'max' : 'auto', zstd),
      decompressor: createDecompressor(zstd),
      takeBuffer: () => this.#packs.take(),
      onPack: (pack: SealedPack) => this.#postPack(pack),
    };
    this.#data = new PackBuilder({ ...shared, type: 'data', compress: setup.compression !== 'off' });
    this.#trees = new PackBuilder({ ...shared, type: 'tree', compress: setup.compressTrees });
    const cutting = { chunker: createChunker(setup.chunkerPolynomial), mailAware: setup.mailAware };
    this.#writer = new BlobWriter(this.#table, this.#data, cutting);
  }

  handle(message: ToWriter): void {
    switch (message.kind) {
      case 'segments':
        return this.#table.adopt(message.segments);
      case 'files':
        return this.#files(message.batch, message.files);
      case 'pieces':
        return this.#pieces(message.batch, message.bytes, message.pieces);
      case 'tree':
        this.#trees.add(message.id, message.bytes);
        return this.#done(message.batch, [], new IdList());
      case 'recycle':
        return this.#packs.giveBack(message.buffer, this.#data.moveInto(message.buffer));
      case 'finish':
        this.#data.finish();
        this.#trees.finish();
        return this.#done(message.batch, [], new IdList());
    }
  }

  #files(batch: number, files: readonly FileTask[]): void {
    const ids = new IdList();
    this.#done(
      batch,
      files.map((task) => this.#file(task, ids)),
      ids,
    );
  }

  #file(task: FileTask, ids: IdList): FileOutcome {
    const from = ids.count;
    const sink = {
      begin: () => ids.truncate(from),
      take: (bytes: Uint8Array, sight: { whole: boolean; last: boolean }) => this.#writer.take(bytes, sight, ids),
    };
    let read: ReadFile | 'not-a-file';
    try {
      read = this.#reader.read(nativePath(byteStringOfLatin1(task.file)), task, sink);
    } catch (error) {
      ids.truncate(from);
      if (goneCodes.includes(errnoCode(error))) return { kind: 'gone' };
      // A failure of ours is no failure of the file: it must end the run.
      if (errnoCode(error) === undefined) throw error;
      return { kind: 'failed', fault: plainFault(errnoFault(error, 'read', byteStringOfLatin1(task.file))) };
    }
    if (read === 'not-a-file') {
      ids.truncate(from);
      return { kind: 'gone' };
    }
    const { stamp, changed } = read;
    const asExpected =
      stamp.size === task.size &&
      stamp.mtime === task.mtime &&
      stamp.ctime === task.ctime &&
      stamp.inode === task.inode;
    return {
      kind: 'stored',
      blobs: ids.count - from,
      bytes: stamp.size,
      stamp: asExpected ? undefined : stamp,
      changed,
    };
  }

  #pieces(batch: number, bytes: Uint8Array, pieces: readonly StreamPiece[]): void {
    const ids = new IdList();
    const outcomes: FileOutcome[] = [];
    for (const piece of pieces) {
      const assembler = this.#streams.get(piece.stream) ?? new StreamAssembler(this.#writer, this.#memory);
      this.#streams.set(piece.stream, assembler);
      assembler.push(bytes.subarray(piece.start, piece.start + piece.length), piece.isLast);
      if (piece.end === undefined) continue;
      this.#streams.delete(piece.stream);
      if (piece.end === 'drop') {
        assembler.drop();
        continue;
      }
      assembler.end();
      ids.append(assembler.ids);
      const { bytes: length, ids: own } = assembler;
      outcomes.push({ kind: 'stored', blobs: own.count, bytes: length, stamp: undefined, changed: false });
    }
    this.#done(batch, outcomes, ids);
  }

  #done(batch: number, outcomes: readonly FileOutcome[], ids: IdList): void {
    const bytes = ids.toBytes();
    this.#post({ kind: 'done', batch, outcomes, ids: bytes, newBlobs: this.#writer.takeNewBlobs() }, [bytes.buffer]);
  }

  #postPack(pack: SealedPack): void {
    this.#packs.sent();
    this.#post({ kind: 'pack', ...pack }, [pack.bytes.buffer, pack.header.buffer]);
  }
}

const isSetup = (value: unknown): value is WriterSetup =>
  typeof value === 'object' && value !== null && 'chunkerPolynomial' in value && 'master' in value;

const isMessage = (value: unknown): value is ToWriter => typeof value === 'object' && value !== null && 'kind' in value;

await serveThread({ isSetup, isMessage }, async (setup, port, awaitMessage) => {
  const post: Post = (message, transfer = []) => port.postMessage(message, [...transfer]);
  const tools = await loadSealingTools();
  const thread = new WriterThread(setup, tools, { post, awaitMessage });
  return (message) => {
    try {
      thread.handle(message);
    } catch (error) {
      post({ kind: 'failed', fault: plainFault(asFault(error)) });
    }
  };
});
