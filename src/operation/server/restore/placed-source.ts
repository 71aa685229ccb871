import type { Base, CapturedDirectory, Child, Source } from '../../../contract/source.ts';
import type { ByteString } from '../../../model/byte-string.ts';
import type { Metadata } from '../../../model/entry.ts';

async function* page(...children: readonly Child[]): AsyncGenerator<readonly Child[], void> {
  if (children.length > 0) yield children;
}

const rootWith = (pages: AsyncIterable<readonly Child[]>): CapturedDirectory => ({
  path: [],
  metadata: undefined,
  listing: { kind: 'listed', pages },
});

/** What is restored is new to whoever gets it: there is no base. */
const withCapture = (source: Source, capture: Source['capture']): Source => ({
  description: source.description,
  capture,
  read: (requests, pieces, run) => source.read(requests, pieces, run),
  ...(source.digests === undefined ? {} : { digests: source.digests.bind(source) }),
  relocate: async () => undefined,
  close: () => source.close(),
});

/** A source as the one folder, of this name and metadata, in another: so that the folder itself is restored, too. */
export const asFolder = (
  source: Source,
  { name, metadata }: { readonly name: ByteString; readonly metadata: Metadata },
): Source =>
  withCapture(source, async function* (_base: Base | undefined, run) {
    for await (const directory of source.capture(undefined, run)) {
      yield { ...directory, path: [name, ...directory.path], metadata: directory.metadata ?? metadata };
    }
    yield rootWith(page({ kind: 'directory', name }));
  });

async function* only(pages: AsyncIterable<readonly Child[]>, name: ByteString): AsyncGenerator<readonly Child[], void> {
  for await (const children of pages) {
    for (const child of children) if (child.kind === 'fresh' && child.entry.name === name) yield [child];
  }
}

/** Of all that lies at the root of a source one file. */
export const asFile = (source: Source, name: ByteString): Source =>
  withCapture(source, async function* (_base: Base | undefined, run) {
    for await (const { path, listing } of source.capture(undefined, run)) {
      if (path.length > 0) continue;
      yield listing.kind === 'listed'
        ? rootWith(only(listing.pages, name))
        : { path: [], metadata: undefined, listing };
    }
  });
