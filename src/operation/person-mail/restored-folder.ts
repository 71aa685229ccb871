import type { Run } from '../../contract/run.ts';
import type { CapturedDirectory, Child, Delivery, ReadRequest, Source } from '../../contract/source.ts';
import { encodeSubscriptions, subscriptionsName } from '../../mail/dovecot-files.ts';
import type { Mailbox } from '../../mail/mailbox.ts';
import { type ByteString, byteStringOfLatin1, bytesOf } from '../../model/byte-string.ts';
import type { Entry, Metadata, Nanoseconds, Path } from '../../model/entry.ts';
import type { SelectedMail } from './select-mail.ts';

export interface RestoredFolder {
  /** Levels of its name, as they lie on the disk. */
  readonly levels: readonly ByteString[];
  readonly selected: SelectedMail;
  /** Of the mailbox itself. */
  readonly metadata: Metadata;
  readonly now: Nanoseconds;
}

const keyOf = (path: Path): string => path.join('/');
const parts: ReadonlySet<string> = new Set(['cur', 'new', 'tmp']);
const keptFiles: ReadonlySet<string> = new Set(['dovecot-keywords', 'maildirfolder']);

/** Where a folder's mail comes to: the inbox to the folder itself, all others below it. */
const placeOf = ({ layout, levels }: Mailbox, above: readonly ByteString[]): Path => {
  const all = [...above, ...levels];
  return layout === 'fs' ? all : [byteStringOfLatin1(`.${all.join('.')}`)];
};

/**
 * The selected mail of a person's Maildir as one in which all of it lies in a folder of its own: nothing of it can meet what
 * is in the mailbox. UIDs stay behind, since they are those of other folders. The folders are subscribed to.
 */
export const inRestoredFolder = (mail: Source, wish: RestoredFolder): Source => {
  const places = new Map(wish.selected.folders.map((mailbox) => [keyOf(mailbox.path), placeOf(mailbox, wish.levels)]));
  const subscriptions = subscriptionsOf(places.values(), wish);
  return {
    description: mail.description,
    capture: (_base, run) =>
      captureRenamed(mail, { places, filter: wish.selected.filter, subscriptions, root: wish.metadata }, run),
    read: (requests, pieces, run) => readBoth(mail, { requests, own: subscriptions.bytes, pieces }, run),
    relocate: async () => undefined,
    close: () => mail.close(),
  };
};

interface Renaming {
  readonly places: ReadonlyMap<string, Path>;
  readonly filter: SelectedMail['filter'];
  readonly subscriptions: OwnFile;
  readonly root: Metadata;
}

async function* captureRenamed(mail: Source, renaming: Renaming, run: Run): AsyncGenerator<CapturedDirectory, void> {
  const { places, filter, subscriptions, root } = renaming;
  const tops = new Set<ByteString>();
  for await (const captured of mail.capture(undefined, run)) {
    const { path, metadata = root, listing } = captured;
    const own = path.at(-1) ?? '';
    const isPart = parts.has(own) && places.has(keyOf(path.slice(0, -1)));
    const place = places.get(keyOf(isPart ? path.slice(0, -1) : path));
    if (place === undefined) {
      if (listing.kind === 'listed') for await (const _ of listing.pages);
      continue;
    }
    const [top] = place;
    if (top !== undefined) tops.add(top);
    const renamed: Path = isPart ? [...place, byteStringOfLatin1(own)] : place;
    if (listing.kind !== 'listed') yield { path: renamed, metadata, listing };
    else
      yield {
        path: renamed,
        metadata,
        listing: { kind: 'listed', pages: pagesOf(listing.pages, { path, isPart, filter }) },
      };
  }
  yield {
    path: [],
    metadata: undefined,
    listing: { kind: 'listed', pages: rootPages(tops, subscriptions) },
  };
}

async function* pagesOf(
  pages: AsyncIterable<readonly Child[]>,
  { path, isPart, filter }: { readonly path: Path; readonly isPart: boolean; readonly filter: SelectedMail['filter'] },
): AsyncGenerator<readonly Child[], void> {
  for await (const page of pages) {
    yield page.filter((child) => {
      if (child.kind === 'directory') return parts.has(child.name) && !isPart;
      if (child.kind !== 'fresh') return isPart;
      const { name } = child.entry;
      return isPart ? filter(byteStringOfLatin1([...path, name].join('/')), false) : keptFiles.has(name);
    });
  }
}

async function* rootPages(tops: ReadonlySet<ByteString>, { entry }: OwnFile): AsyncGenerator<readonly Child[], void> {
  const children: Child[] = [...tops].map((name) => ({ kind: 'directory', name }));
  children.push({ kind: 'fresh', entry, content: { kind: 'delivered', key: ownKey }, action: 'new' });
  const nameOf = (child: Child): string =>
    child.kind === 'fresh' || child.kind === 'same' ? child.entry.name : child.name;
  yield children.sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1));
}

interface OwnFile {
  readonly entry: Entry;
  readonly bytes: Uint8Array;
}

const ownKey = Symbol('subscriptions');

const subscriptionsOf = (places: Iterable<Path>, { now, metadata }: RestoredFolder): OwnFile => {
  const { uid, gid, user, group } = metadata;
  const directories = [...places].map((path) =>
    path.length === 1 && path[0]?.startsWith('.') === true ? path[0] : byteStringOfLatin1(`.${path.join('.')}`),
  );
  const bytes = bytesOf(byteStringOfLatin1(encodeSubscriptions([...new Set(directories)].sort())));
  const entry: Entry = {
    name: subscriptionsName,
    type: 'file',
    mode: 0o600,
    mtime: now,
    atime: now,
    ctime: now,
    uid,
    gid,
    user,
    group,
    inode: 0n,
    deviceId: 0n,
    size: bytes.length,
    links: 1,
  };
  return { entry, bytes };
};

async function* readBoth(
  mail: Source,
  given: {
    readonly requests: readonly ReadRequest[];
    readonly own: Uint8Array;
    readonly pieces: 'in-order' | 'any-order';
  },
  run: Run,
): AsyncGenerator<Delivery, void> {
  const { requests, own, pieces } = given;
  const isOwn = ({ content }: ReadRequest): boolean => content.kind === 'delivered' && content.key === ownKey;
  const others = [...requests.keys()].filter((at) => !requests.slice(at, at + 1).some(isOwn));
  for (const [request, one] of requests.entries()) {
    if (!isOwn(one)) continue;
    const verdict = { kind: 'complete', bytes: own.length } as const;
    const piece = { request, position: 0, start: 0, length: own.length };
    yield { bytes: own.slice(), pieces: [piece], verdicts: [{ request, verdict }] };
  }
  if (others.length === 0) return;
  const asked = others.flatMap((at) => requests.slice(at, at + 1));
  const original = (request: number): number => others[request] ?? -1;
  for await (const delivery of mail.read(asked, pieces, run)) {
    yield {
      ...delivery,
      pieces: delivery.pieces.map((piece) => ({ ...piece, request: original(piece.request) })),
      verdicts: delivery.verdicts.map((one) => ({ ...one, request: original(one.request) })),
    };
  }
}
