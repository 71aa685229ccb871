import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import { decodeIndex } from '../format/index-format.ts';
import { headerEntryLength } from '../format/pack-format.ts';
import { BlobTable, type BlobSlot } from '../index/blob-table.ts';
import { listNames } from '../index/index-loader.ts';
import { PackList } from '../index/pack-list.ts';
import { hexOf } from '../read/blob-reader.ts';
import { envelopeOverhead } from '../sealing/envelope.ts';
import type { Session } from '../session.ts';

/** What the index files say of one pack. */
export interface SurveyedPack {
  readonly id: string;
  /** Bytes that a pack with these blobs has. */
  size: number;
  blobs: number;
  type: 'data' | 'tree' | 'mixed' | undefined;
  /** Whether any of its blobs is stored without compression. */
  uncompressed: boolean;
}

/** Every place where an index says that a blob lies, duplicates included, in a few bytes each. */
export class Occurrences {
  #packs = new Uint32Array(1024);
  #slots = new Float64Array(1024);
  #lengths = new Uint32Array(1024);
  #count = 0;

  add(pack: number, slot: BlobSlot, length: number): void {
    if (this.#count === this.#packs.length) this.#grow();
    this.#packs[this.#count] = pack;
    this.#slots[this.#count] = slot;
    this.#lengths[this.#count] = length;
    this.#count++;
  }

  get count(): number {
    return this.#count;
  }

  /** The pack's number, the blob's slot in the table, its sealed bytes. */
  each(visit: (pack: number, slot: BlobSlot, length: number) => void): void {
    for (let at = 0; at < this.#count; at++) {
      visit(this.#packs[at] ?? 0, this.#slots[at] ?? 0, this.#lengths[at] ?? 0);
    }
  }

  #grow(): void {
    const packs = new Uint32Array(this.#count * 2);
    const slots = new Float64Array(this.#count * 2);
    const lengths = new Uint32Array(this.#count * 2);
    packs.set(this.#packs);
    slots.set(this.#slots);
    lengths.set(this.#lengths);
    this.#packs = packs;
    this.#slots = slots;
    this.#lengths = lengths;
  }
}

/** All index files as they are in the repository now: read anew, no cache asked. */
export interface IndexSurvey {
  readonly table: BlobTable;
  readonly packList: PackList;
  /** By the pack's number in `packList`. */
  readonly packs: readonly SurveyedPack[];
  readonly occurrences: Occurrences;
  /** Names of the index files, and the numbers of the packs that each lists. */
  readonly files: ReadonlyMap<string, ReadonlySet<number>>;
}

const trailerBytes = 4;

interface Draft {
  readonly table: BlobTable;
  readonly packList: PackList;
  readonly packs: SurveyedPack[];
  readonly occurrences: Occurrences;
}

const packOf = ({ packList, packs }: Draft, id: string): { readonly number: number; readonly pack: SurveyedPack } => {
  const number = packList.numberOf(id);
  const pack = packs[number] ?? {
    id,
    size: envelopeOverhead + trailerBytes,
    blobs: 0,
    type: undefined,
    uncompressed: false,
  };
  packs[number] = pack;
  return { number, pack };
};

interface ListedBlob {
  readonly type: 'data' | 'tree';
  readonly id: Uint8Array;
  readonly offset: number;
  readonly length: number;
  readonly uncompressedLength: number;
}

const addBlob = ({ table, occurrences }: Draft, number: number, pack: SurveyedPack, blob: ListedBlob): void => {
  const { type, id, offset, length, uncompressedLength } = blob;
  table.add(type, id, { pack: number, offset, length, uncompressedLength });
  const slot = table.find(type, id);
  if (slot === undefined) return;
  occurrences.add(number, slot, length);
  const compressed = uncompressedLength === 0 ? undefined : uncompressedLength;
  pack.size += length + headerEntryLength({ uncompressedLength: compressed });
  pack.blobs++;
  pack.type = pack.type === undefined || pack.type === type ? type : 'mixed';
  pack.uncompressed ||= compressed === undefined;
};

/** Of packs that are listed more than once: which of their blobs are counted already. */
type CountedBlobs = ReadonlyMap<string, Set<string>>;

const keyOf = (blob: ListedBlob): string => `${blob.offset} ${blob.type} ${hexOf(blob.id)}`;

/** Adds a file's blobs; returns the packs it lists. A pack that was listed before is added to `repeated`. */
const addFile = (json: Uint8Array, draft: Draft, counted: CountedBlobs, repeated: Set<string>): Set<number> => {
  const listed = new Set<number>();
  let current: ReturnType<typeof packOf> | undefined;
  let known: Set<string> | undefined;
  decodeIndex(
    json,
    (id) => {
      const name = hexOf(id);
      if (draft.packList.has(name)) repeated.add(name);
      current = packOf(draft, name);
      known = counted.get(name);
      listed.add(current.number);
    },
    (blob) => {
      if (current === undefined) return;
      if (known !== undefined) {
        const key = keyOf(blob);
        if (known.has(key)) return;
        known.add(key);
      }
      addBlob(draft, current.number, current.pack, blob);
    },
  );
  return listed;
};

const survey = async (
  session: Session,
  repeatedBefore: ReadonlySet<string>,
  run: Run,
): Promise<{ readonly found: IndexSurvey; readonly repeated: ReadonlySet<string> }> => {
  const draft: Draft = { table: new BlobTable(), packList: new PackList(), packs: [], occurrences: new Occurrences() };
  const counted = new Map([...repeatedBefore].map((id) => [id, new Set<string>()]));
  const repeated = new Set<string>();
  const files = new Map<string, ReadonlySet<number>>();
  for (const name of await listNames(session.backend, 'index', run)) {
    throwIfInterrupted(run);
    files.set(name, addFile(await session.io.load('index', name, run), draft, counted, repeated));
  }
  return { found: { ...draft, files }, repeated };
};

/**
 * Reads every index file. Faults: `index-damaged`, and what the backend says: one that cannot be read is doubt. A pack
 * that is listed twice (an index that was replaced by halves, entries divided between files) must be counted once: only
 * then all is read again, remembering its blobs.
 */
export const surveyIndex = async (session: Session, run: Run): Promise<IndexSurvey> => {
  const first = await survey(session, new Set(), run);
  return first.repeated.size === 0 ? first.found : (await survey(session, first.repeated, run)).found;
};
