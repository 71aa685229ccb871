import type { BaseDirectory, CapturedDirectory, Listing } from '../../contract/source.ts';
import { identityOf } from '../../mail/maildir-name.ts';
import { type ByteString, byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Metadata, Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import { type CaptureContext, childFile, type MaildirOptions } from '../files/capture-context.ts';
import { unreadable } from '../files/local-metadata.ts';
import { vanishedFolder } from '../files/scanned-places.ts';
import { createMessageFinder } from './message-finder.ts';
import { listAmendments, lookAtPacked } from './amended-listing.ts';
import { createAmendedLook, createListingLook, formatLook, type ListingLook } from './message-look.ts';
import { listMessages, type MessageListing } from './message-pages.ts';
import { compareNames, identitiesAmong, type NameDifference, scanOf } from './name-difference.ts';
import { type Scan, scanSettled } from './settled-scan.ts';
import { baseOfPart, looksTheSame, mayStayUnseen, type PartNow } from './unchanged-part.ts';

/** A Maildir folder: where it is, and where in the tree. */
export interface Folder {
  readonly path: Path;
  readonly file: ByteString;
  /** The only file system to stay on. */
  readonly device: bigint | undefined;
}

/** What the folder is to say of `cur` and `new`; undefined: nothing. */
export type MessagesOutcome = 'directory' | Fault | undefined;

/** Walks a directory inside `cur` or `new`, where none should be, as any other. */
export type WalkBelow = (
  parent: { readonly path: Path; readonly file: ByteString },
  name: ByteString,
) => AsyncGenerator<CapturedDirectory, MessagesOutcome | 'no directory'>;

/** One of the two, as it was found. */
type Part = { readonly name: ByteString; readonly path: Path; readonly file: ByteString } & (
  | { readonly kind: 'left-out' }
  | { readonly kind: 'fault'; readonly fault: Fault }
  | { readonly kind: 'unlisted'; readonly metadata: Metadata; readonly fault: Fault }
  | { readonly kind: 'same'; readonly metadata: Metadata; readonly base: BaseDirectory }
  | {
      readonly kind: 'scanned';
      readonly metadata: Metadata;
      readonly scan: Scan;
      /** Against what the base has packed, where that could be told. */
      readonly difference?: NameDifference;
    }
);

type ScannedPart = Extract<Part, { kind: 'scanned' }>;

/**
 * Captures the messages of a folder: `new` is looked at before `cur`, since messages move that way and would otherwise be
 * seen in neither. What is met in both has moved, and is listed in `cur`.
 */
export async function* captureMessages(
  context: CaptureContext,
  maildir: MaildirOptions,
  { folder, walkBelow }: { readonly folder: Folder; readonly walkBelow: WalkBelow },
): AsyncGenerator<CapturedDirectory, ReadonlyMap<ByteString, MessagesOutcome>> {
  const arrivals = await lookAtPart(context, maildir, { ...partOf(folder, 'new'), device: folder.device });
  const messages = await lookAtPart(context, maildir, { ...partOf(folder, 'cur'), device: folder.device });
  const parts = [withoutMoved(arrivals, messages, context), messages];
  const outcomes = new Map<ByteString, MessagesOutcome>();
  const finder = createMessageFinder(folder.file, context.reader);
  for (const part of parts) {
    switch (part.kind) {
      case 'left-out':
        outcomes.set(part.name, undefined);
        continue;
      case 'fault':
        outcomes.set(part.name, part.fault);
        continue;
      case 'unlisted': {
        const base = await context.base?.directory(part.path, context.run);
        const { path, metadata, fault } = part;
        yield { path, metadata, listing: { kind: 'carried', base, fault } };
        break;
      }
      case 'same':
        yield { path: part.path, metadata: part.metadata, listing: { kind: 'same', base: part.base } };
        break;
      case 'scanned': {
        const below = new Map<ByteString, MessagesOutcome>();
        for (const name of part.scan.directories) {
          const outcome = yield* walkBelow(part, name);
          if (outcome !== 'no directory') below.set(name, outcome);
        }
        const listing = await listPart(context, { folder, part, parts: parts.filter(isScanned), below, finder });
        yield { path: part.path, metadata: part.metadata, listing };
      }
    }
    outcomes.set(part.name, 'directory');
  }
  return outcomes;
}

type PartListing = Omit<MessageListing, 'look'> & { readonly part: ScannedPart };

const listPart = async (context: CaptureContext, listing: PartListing): Promise<Listing> => {
  const { difference } = listing.part;
  const amended = difference === undefined ? undefined : await lookAtPacked(context, listing, difference);
  if (difference === undefined || amended === undefined) {
    const look = createListingLook();
    // Names may be missing in an unsettled scan.
    if (!listing.part.scan.settled) look.spoil();
    return { kind: 'listed', pages: listMessages(context, { ...listing, look }), look: lookOf(context, look) };
  }
  const { packed } = difference;
  const { removed, names } = amended;
  const look = createAmendedLook(packed, removed);
  const pages = listAmendments(context, { ...listing, look }, { packed, names });
  return { kind: 'amended', packed, removed, pages, look: lookOf(context, look) };
};

const lookOf = ({ reader }: CaptureContext, look: ListingLook): (() => string | undefined) => {
  const unreadBefore = reader.unreadAttributes;
  return () => {
    const digest = look.digest();
    const hasAttributes = reader.readsAttributes && reader.unreadAttributes === unreadBefore;
    return digest === undefined ? undefined : formatLook({ digest, hasAttributes });
  };
};

const isScanned = (part: Part): part is ScannedPart => part.kind === 'scanned';

interface PartPlace {
  readonly name: ByteString;
  readonly path: Path;
  readonly file: ByteString;
}

const partOf = (folder: Folder, text: string): PartPlace => {
  const name = byteStringOfLatin1(text);
  return { name, path: [...folder.path, name], file: childFile(folder.file, name) };
};

/** A mount point that is not entered. */
const nothingScanned: Scan = { names: [], directories: new Set(), settled: true };

const lookAtPart = async (
  context: CaptureContext,
  maildir: MaildirOptions,
  place: PartPlace & { readonly device: bigint | undefined },
): Promise<Part> => {
  const { reader, base, filter } = context;
  let metadata: Metadata;
  let isElsewhere: boolean;
  try {
    const stats = reader.stats(place.file);
    if (stats === undefined) return vanishedPart(context, place);
    context.places.remember(place.file, stats);
    isElsewhere = place.device !== undefined && stats.dev !== place.device;
    metadata = reader.describe(place.file, stats);
  } catch (error) {
    return { ...place, kind: 'fault', fault: unreadable(error, place.file) };
  }
  if (filter?.(place.file, metadata) === false) return { ...place, kind: 'left-out' };
  if (isElsewhere) return { ...place, kind: 'scanned', metadata, scan: nothingScanned };
  const now = { ...place, metadata };
  const before = await baseOfPart(context, maildir, now);
  if (base !== undefined && before !== undefined && mayStayUnseen(base, maildir, now)) {
    return { ...now, kind: 'same', base: before };
  }
  const difference = before === undefined ? await differenceOf(context, now) : undefined;
  if (difference !== undefined) return { ...now, kind: 'scanned', scan: scanOf(difference), difference };
  const scanned = await scanPart(context, now);
  if (before === undefined || scanned.kind !== 'scanned') return scanned;
  return (await looksTheSame(context, before, scanned)) ? { ...now, kind: 'same', base: before } : scanned;
};

/** The quick look; whatever is wrong is left for the other one to tell. */
const differenceOf = async (context: CaptureContext, now: PartPlace): Promise<NameDifference | undefined> => {
  const difference = await compareNames(context, now);
  return difference === undefined || lostPart(context, now) !== undefined ? undefined : difference;
};

const scanPart = async (context: CaptureContext, now: PartPlace & PartNow): Promise<Part> => {
  const { reader, run, places } = context;
  try {
    const scan = await scanSettled(now.file, { reader, run });
    const fault = scan === undefined ? places.lostAbove(now.file, reader) : lostPart(context, now);
    if (fault !== undefined) return { ...now, kind: 'unlisted', fault };
    return scan === undefined ? vanishedPart(context, now) : { ...now, kind: 'scanned', scan };
  } catch (error) {
    if (error instanceof Fault) throw error;
    return { ...now, kind: 'unlisted', fault: unreadable(error, now.file, 'list') };
  }
};

const lostPart = ({ places, reader }: CaptureContext, { file }: PartPlace): Fault | undefined =>
  places.lost(file, reader) ?? places.lostAbove(file, reader);

/** Gone since the folder was listed: with the folders above it, or by itself. */
const vanishedPart = ({ places, reader }: CaptureContext, { name, path, file }: PartPlace): Part => ({
  name,
  path,
  file,
  kind: 'fault',
  fault: places.lostAbove(file, reader) ?? vanishedFolder(file),
});

/** `new` without the messages that are in `cur` by now, unless they are still there: then there are two. */
const withoutMoved = (arrivals: Part, messages: Part, { reader }: CaptureContext): Part => {
  if (arrivals.kind !== 'scanned' || messages.kind !== 'scanned' || arrivals.scan.names.length === 0) return arrivals;
  const waiting = new Set(arrivals.scan.names.map((name) => identityOf(name)));
  const moved =
    messages.difference === undefined
      ? new Set(messages.scan.names.map((name) => identityOf(name)).filter((identity) => waiting.has(identity)))
      : identitiesAmong(messages.difference, waiting);
  if (moved.size === 0) return arrivals;
  const names = arrivals.scan.names.filter(
    (name) => !moved.has(identityOf(name)) || reader.stats(childFile(arrivals.file, name)) !== undefined,
  );
  const { name, path, file, metadata, scan } = arrivals;
  return { kind: 'scanned', name, path, file, metadata, scan: { ...scan, names } };
};
