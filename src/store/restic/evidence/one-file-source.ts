import { throwIfInterrupted, type Run } from '../../../contract/run.ts';
import type { Child, Delivery, ReadRequest, Source } from '../../../contract/source.ts';
import type { Entry } from '../../../model/entry.ts';

export interface OneFile {
  readonly entry: Entry;
  readonly content: Uint8Array;
}

const pieceBytes = 1_048_576;

async function* deliver({ content }: OneFile, requests: readonly ReadRequest[], run: Run): AsyncGenerator<Delivery> {
  for (const request of requests.keys()) {
    for (let position = 0; position < content.length; position += pieceBytes) {
      throwIfInterrupted(run);
      const bytes = content.slice(position, position + pieceBytes);
      yield { bytes, pieces: [{ request, position, start: 0, length: bytes.length }], verdicts: [] };
    }
    yield {
      bytes: new Uint8Array(0),
      pieces: [],
      verdicts: [{ request, verdict: { kind: 'complete', bytes: content.length } }],
    };
  }
}

/** A tree of one file in the root, out of memory. */
export const createOneFileSource = (file: OneFile): Source => {
  const child: Child = { kind: 'fresh', entry: file.entry, content: { kind: 'delivered', key: file }, action: 'new' };
  async function* pages(): AsyncGenerator<readonly Child[]> {
    yield [child];
  }
  return {
    description: 'evidence',
    async *capture() {
      yield { path: [], metadata: undefined, listing: { kind: 'listed', pages: pages() } };
    },
    read: (requests, _pieces, run) => deliver(file, requests, run),
    relocate: async () => undefined,
    close: async () => {},
  };
};
