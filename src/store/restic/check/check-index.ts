import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { asFault, Fault, isFault } from '../../../model/fault.ts';
import { BlobTable } from '../index/blob-table.ts';
import { hexOf } from '../read/blob-reader.ts';
import type { CheckFindings } from './check-report.ts';
import { decodeIndex } from '../format/index-format.ts';
import { listNames } from '../index/index-loader.ts';
import { headerEntryLength, type PackedBlob } from '../format/pack-format.ts';
import { PackList } from '../index/pack-list.ts';
import type { RepositoryIndex } from '../index/repository-index.ts';
import type { Session } from '../session.ts';

/** What the index files say of one pack, added up. */
export interface ListedPack {
  /** Bytes that the pack must have. */
  size: number;
  blobs: number;
}

export interface CheckedIndex {
  readonly index: RepositoryIndex;
  readonly packs: ReadonlyMap<string, ListedPack>;
}

const envelopeBytes = 32;
const trailerBytes = 4;

/** Reads every index file that can be read, and says which cannot. */
export const checkIndex = async (session: Session, findings: CheckFindings, run: Run): Promise<CheckedIndex> => {
  const table = new BlobTable();
  const packs = new PackList();
  const listed = new Map<string, ListedPack>();
  const indexIds = new Set<string>();
  for (const name of await listNames(session.backend, 'index', run)) {
    throwIfInterrupted(run);
    try {
      addListed(await session.io.load('index', name, run), { table, packs, listed });
      indexIds.add(name);
    } catch (error) {
      if (isFault(error, 'interrupted')) throw error;
      findings.damaged(asFault(error));
    }
  }
  return { index: { table, packs, indexIds }, packs: listed };
};

const addListed = (
  json: Uint8Array,
  into: { table: BlobTable; packs: PackList; listed: Map<string, ListedPack> },
): void => {
  let number = 0;
  let pack: ListedPack = { size: 0, blobs: 0 };
  // A pack that two index files list is counted from the first: lists that differ show when the pack is read.
  let again = false;
  decodeIndex(
    json,
    (id) => {
      const name = hexOf(id);
      number = into.packs.numberOf(name);
      again = into.listed.has(name);
      pack = { size: envelopeBytes + trailerBytes, blobs: 0 };
      if (!again) into.listed.set(name, pack);
    },
    (blob) => {
      const uncompressedLength = blob.uncompressedLength === 0 ? undefined : blob.uncompressedLength;
      pack.size +=
        blob.length + headerEntryLength({ uncompressedLength } satisfies Pick<PackedBlob, 'uncompressedLength'>);
      pack.blobs++;
      const { type, id, offset, length } = blob;
      const location = { pack: number, offset, length, uncompressedLength: blob.uncompressedLength };
      // What is lost in one place may be whole in another, whichever index file is read first.
      if (!into.table.add(type, id, location)) into.table.addPlace(type, id, location);
    },
  );
};

/** Compares the packs that are there, and their sizes, with what the index says. Returns the packs that can be read. */
export const checkPacksPresent = async (
  session: Session,
  { packs }: CheckedIndex,
  findings: CheckFindings,
  run: Run,
): Promise<ReadonlyMap<string, number>> => {
  const present = new Map<string, number>();
  for await (const page of session.backend.list('pack', run)) {
    for (const { name, size } of page) present.set(name, size);
  }
  for (const [id, { size }] of packs) {
    const found = present.get(id);
    if (found === size) continue;
    const what = found === undefined ? 'is missing' : `has ${found} bytes instead of ${size}`;
    findings.damaged(packFault(id, what));
  }
  const orphans = [...present.keys()].filter((id) => !packs.has(id));
  if (orphans.length > 0) {
    findings.remark(
      `${orphans.length} packs are in no index; they take space, harm nothing and go with the next prune`,
    );
  }
  return present;
};

export const packFault = (id: string, what: string): Fault =>
  new Fault('pack-damaged', `the pack ${id.slice(0, 8)} ${what}`, {
    hint: 'Bring it back from a copy of the repository. Otherwise the next backup stores again what is still at its source; then see `mailkeep repair --help`.',
    context: { pack: id },
  });
