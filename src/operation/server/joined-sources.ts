import type { Run } from '../../contract/run.ts';
import type {
  Base,
  CapturedDirectory,
  Child,
  Content,
  Delivery,
  FreshChild,
  Listing,
  ReadRequest,
  Source,
} from '../../contract/source.ts';
import { type ByteString, compareBytes } from '../../model/byte-string.ts';
import { bareDirectory, type Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';

/** A source that lies in a folder of its own. */
export interface NamedSource {
  readonly name: ByteString;
  readonly source: Source;
}

/** Whose content a key is; the sources have keys of their own. */
interface JoinedKey {
  readonly member: NamedSource;
  readonly key: unknown;
}

const isJoinedKey = (key: unknown): key is JoinedKey => typeof key === 'object' && key !== null && 'member' in key;

const ownContent = (content: Content, member: NamedSource): Content =>
  content.kind === 'delivered' ? { ...content, key: { member, key: content.key } satisfies JoinedKey } : content;

const ownChild = <Some extends Child>(child: Some, member: NamedSource): Some =>
  child.kind === 'fresh' ? { ...child, content: ownContent(child.content, member) } : child;

async function* ownPages(
  pages: AsyncIterable<readonly Child[]>,
  member: NamedSource,
): AsyncGenerator<readonly Child[], void> {
  for await (const page of pages) yield page.map((child) => ownChild(child, member));
}

const ownListing = (listing: Listing, member: NamedSource): Listing => {
  switch (listing.kind) {
    case 'listed':
      return { ...listing, pages: ownPages(listing.pages, member) };
    case 'amended':
      return { ...listing, pages: ownPages(listing.pages, member) };
    case 'same':
    case 'carried':
      return listing;
  }
};

/** What a base knows below a folder, under paths that begin there. */
const baseBelow = (base: Base, name: ByteString): Base => ({
  scannedAt: base.scannedAt,
  directory: (path, run) => base.directory([name, ...path], run),
  children: (path, run) => base.children([name, ...path], run),
  contents: (entries, run) => base.contents(entries, run),
  ...(base.packed === undefined ? {} : { packed: async (path, run) => base.packed?.([name, ...path], run) }),
});

/** The directories of a member, in its folder. */
export async function* captureMember(
  member: NamedSource,
  base: Base | undefined,
  run: Run,
): AsyncGenerator<CapturedDirectory, void> {
  const { name, source } = member;
  const below = base === undefined ? undefined : baseBelow(base, name);
  for await (const { path, metadata, listing } of source.capture(below, run)) {
    yield { path: [name, ...path], metadata: metadata ?? bareDirectory, listing: ownListing(listing, member) };
  }
}

async function* captureAll(
  members: readonly NamedSource[],
  base: Base | undefined,
  run: Run,
): AsyncGenerator<CapturedDirectory, void> {
  for (const member of members) yield* captureMember(member, base, run);
  yield rootOf(members.map(({ name }) => name));
}

async function* onePage(names: readonly ByteString[]): AsyncGenerator<readonly Child[], void> {
  if (names.length > 0) yield names.map((name) => ({ kind: 'directory', name }) as const);
}

/** The root that names what was yielded before it. */
export const rootOf = (names: readonly ByteString[]): CapturedDirectory => ({
  path: [],
  metadata: undefined,
  listing: { kind: 'listed', pages: onePage(names) },
});

interface Part {
  readonly requests: ReadRequest[];
  /** Which of all requests each of them is. */
  readonly numbers: number[];
}

/** Whose content is asked for. Fault `internal` for what no joined source has listed. */
export const memberOf = ({ content }: ReadRequest): NamedSource => {
  if (content.kind === 'delivered' && isJoinedKey(content.key)) return content.key.member;
  throw new Fault('internal', 'this content is not one that a joined source delivers');
};

const partsOf = (requests: readonly ReadRequest[]): ReadonlyMap<Source, Part> => {
  const parts = new Map<Source, Part>();
  for (const [number, { entry, content }] of requests.entries()) {
    if (content.kind !== 'delivered' || !isJoinedKey(content.key)) {
      throw new Fault('internal', 'this content is not one that a joined source delivers');
    }
    const { member, key } = content.key;
    let part = parts.get(member.source);
    if (part === undefined) parts.set(member.source, (part = { requests: [], numbers: [] }));
    part.requests.push({ entry, content: { ...content, key } });
    part.numbers.push(number);
  }
  return parts;
};

/** A delivery whose requests have other numbers for whoever asked. */
export const renumbered = (delivery: Delivery, numbers: readonly number[]): Delivery => {
  const numberOf = (request: number): number => numbers[request] ?? -1;
  return {
    ...delivery,
    pieces: delivery.pieces.map((piece) => ({ ...piece, request: numberOf(piece.request) })),
    verdicts: delivery.verdicts.map(({ request, verdict }) => ({ request: numberOf(request), verdict })),
  };
};

/** Asks each member for what is its, and numbers the answers as the requests were. */
export async function* readJoined(
  requests: readonly ReadRequest[],
  pieces: 'in-order' | 'any-order',
  run: Run,
): AsyncGenerator<Delivery, void> {
  for (const [source, { requests: own, numbers }] of partsOf(requests)) {
    for await (const delivery of source.read(own, pieces, run)) yield renumbered(delivery, numbers);
  }
}

/** Where an entry of one of the members is now. */
export const relocateJoined = async (
  members: readonly NamedSource[],
  [name, ...path]: Path,
  entry: Parameters<Source['relocate']>[1],
  run: Run,
): Promise<FreshChild | undefined> => {
  const member = members.find((one) => one.name === name);
  const found = await member?.source.relocate(path, entry, run);
  return member === undefined || found === undefined ? undefined : ownChild(found, member);
};

/** Sources side by side, each in a folder of its own. Closes them all. */
export const joinSources = (sources: readonly NamedSource[]): Source => {
  const members = sources.toSorted((left, right) => compareBytes(left.name, right.name));
  return {
    description: members.map(({ source }) => source.description).join(', '),
    capture: (base, run) => captureAll(members, base, run),
    read: (requests, pieces, run) => readJoined(requests, pieces, run),
    relocate: (path, entry, run) => relocateJoined(members, path, entry, run),
    close: async () => {
      for (const { source } of members) await source.close();
    },
  };
};
