import type { Run } from '../../contract/run.ts';
import type { CapturedDirectory, Child, Source } from '../../contract/source.ts';
import type { ByteString } from '../../model/byte-string.ts';
import type { Metadata } from '../../model/entry.ts';

/** A source one level deeper: all of it lies in a folder of this name, which has the metadata that its root had. */
export const underName = (
  source: Source,
  { name, metadata }: { readonly name: ByteString; readonly metadata: Metadata },
): Source => ({
  ...source,
  capture: (_base, run) => captureUnder(source, { name, metadata }, run),
  relocate: (path, entry, run) => source.relocate(path.slice(1), entry, run),
});

async function* captureUnder(
  source: Source,
  { name, metadata }: { readonly name: ByteString; readonly metadata: Metadata },
  run: Run,
): AsyncGenerator<CapturedDirectory, void> {
  for await (const captured of source.capture(undefined, run)) {
    const own = captured.path.length === 0 ? metadata : captured.metadata;
    yield { ...captured, path: [name, ...captured.path], metadata: own };
  }
  yield { path: [], metadata: undefined, listing: { kind: 'listed', pages: onlyDirectory(name) } };
}

async function* onlyDirectory(name: ByteString): AsyncGenerator<readonly Child[], void> {
  yield [{ kind: 'directory', name }];
}
