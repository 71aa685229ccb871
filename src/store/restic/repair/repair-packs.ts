import type { Run } from '../../../contract/run.ts';
import { Fault, isFault } from '../../../model/fault.ts';
import { BlobSaver } from '../copy/blob-saver.ts';
import { decodeIndex } from '../format/index-format.ts';
import { readPackHeader, type PackedBlob } from '../format/pack-format.ts';
import { listNames } from '../index/index-loader.ts';
import { hexOf, openBlob } from '../read/blob-reader.ts';
import { writeReplacement } from '../prune/index-replacement.ts';
import type { Repository } from '../repository.ts';
import type { Session } from '../session.ts';

export interface SalvagedPack {
  readonly id: string;
  /** As it is stored, damage and all: to be kept elsewhere before the pack goes. */
  readonly bytes: Uint8Array;
  readonly readable: number;
  readonly lost: number;
}

type IndexLists = ReadonlyMap<string, readonly PackedBlob[]>;

/** What the index files say of these packs, and which files list them. */
const indexLists = async (
  session: Session,
  packs: ReadonlySet<string>,
  run: Run,
): Promise<{ readonly lists: IndexLists; readonly files: readonly string[] }> => {
  const lists = new Map<string, PackedBlob[]>();
  const files: string[] = [];
  for (const name of await listNames(session.backend, 'index', run)) {
    let listed = false;
    let current: PackedBlob[] | undefined;
    decodeIndex(
      await session.io.load('index', name, run),
      (id) => {
        const pack = hexOf(id);
        current = packs.has(pack) ? (lists.get(pack) ?? []) : undefined;
        if (current === undefined) return;
        lists.set(pack, current);
        listed = true;
      },
      ({ type, id, offset, length, uncompressedLength }) => {
        const uncompressed = uncompressedLength === 0 ? undefined : uncompressedLength;
        current?.push({ type, id: id.slice(), offset, length, uncompressedLength: uncompressed });
      },
    );
    if (listed) files.push(name);
  }
  return { lists, files };
};

const blobsOf = async (
  bytes: Uint8Array,
  listed: readonly PackedBlob[],
  session: Session,
): Promise<readonly PackedBlob[]> => {
  const load = ({ start, length }: { start: number; length: number }): Promise<Uint8Array> =>
    Promise.resolve(bytes.subarray(start, start + length));
  try {
    return [...(await readPackHeader(load, bytes.length, session.envelope)), ...listed];
  } catch (error) {
    if (!isFault(error, 'pack-damaged')) throw error;
    return listed;
  }
};

/**
 * Brings the readable blobs of damaged packs into new packs, takes the old ones out of the index, and removes them. Each is
 * handed to `keepCopy` first, which has to have stored it elsewhere when it resolves. To be called under the exclusive
 * lock. Faults: `object-missing`; `pack-damaged` when a pack can be read neither by its own list nor by an index.
 */
export const repairPacks = async (
  repository: Repository,
  ids: readonly string[],
  keepCopy: (pack: SalvagedPack) => Promise<void>,
  run: Run,
): Promise<readonly SalvagedPack[]> => {
  const { session } = repository;
  const { lists, files } = await indexLists(session, new Set(ids), run);
  const saver = new BlobSaver(session, run);
  const saved = new Set<string>();
  const salvaged: SalvagedPack[] = [];
  for (const id of ids) {
    const bytes = await session.backend.load({ kind: 'pack', name: id }, undefined, run);
    const blobs = await blobsOf(bytes, lists.get(id) ?? [], session);
    if (blobs.length === 0) throw unknownContent(id);
    const lost = new Set<string>();
    const readable = new Set<string>();
    for (const blob of blobs) {
      const key = `${blob.type} ${hexOf(blob.id)}`;
      const sealed = bytes.subarray(blob.offset, blob.offset + blob.length);
      const plain = openBlob(sealed, { id: blob.id, uncompressedLength: blob.uncompressedLength ?? 0 }, session);
      if (typeof plain === 'string') {
        lost.add(key);
        continue;
      }
      readable.add(key);
      if (saved.has(key)) continue;
      saved.add(key);
      await saver.add(blob.type, blob.id, plain);
    }
    const pack = { id, bytes, readable: readable.size, lost: [...lost].filter((key) => !readable.has(key)).length };
    await keepCopy(pack);
    salvaged.push(pack);
  }
  await saver.finish();
  await replacePacks(repository, ids, files, run);
  return salvaged;
};

const unknownContent = (id: string): Fault =>
  new Fault(
    'pack-damaged',
    `nothing says what is in the pack ${id.slice(0, 8)}: its own list is damaged, and no index has it`,
    {
      hint: 'Bring it back from a copy of the repository. Nothing was changed.',
      context: { pack: id },
    },
  );

/** The new index, then away with the old one, then with the packs. */
const replacePacks = async (
  repository: Repository,
  ids: readonly string[],
  files: readonly string[],
  run: Run,
): Promise<void> => {
  const { backend } = repository.session;
  const gone = new Set(ids);
  await writeReplacement(repository.session, files, (id) => gone.has(id), run);
  await repository.assertAlone(run);
  for (const name of files) await backend.remove({ kind: 'index', name }, run);
  await repository.assertAlone(run);
  for (const name of ids) await backend.remove({ kind: 'pack', name }, run);
  repository.forgetIndex();
};
