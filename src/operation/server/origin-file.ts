import type { Run } from '../../contract/run.ts';
import { type ServerOrigin, serverOriginFormat } from '../../contract/server-origin.ts';
import type { Base, Delivery, Source } from '../../contract/source.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { bareDirectory } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import type { NamedSource } from './joined-sources.ts';

/*
 * In a repository, where a server came from is a small file beside the folders of its components. It has no date, so that nights
 * without a change have the same tree.
 */

/** No component has such a name. */
export const originFolder = byteStringOfText('.mailkeep');
const originFile = byteStringOfText('server.json');

/** The folder that has the file. */
export const originMember = (origin: ServerOrigin): NamedSource => {
  const bytes = new TextEncoder().encode(`${JSON.stringify(origin, undefined, 2)}\n`);
  const entry = {
    ...bareDirectory,
    type: 'file',
    mode: 0o600,
    size: bytes.length,
    links: 1,
    name: originFile,
  } as const;
  const content = { kind: 'delivered', key: originFile } as const;
  const source: Source = {
    description: 'what the backup says of itself',
    capture: async function* () {
      const pages = (async function* () {
        yield [{ kind: 'fresh', entry, content, action: 'new' } as const];
      })();
      yield { path: [], metadata: undefined, listing: { kind: 'listed', pages } };
    },
    read: async function* (requests) {
      for (const request of requests.keys()) yield wholeFile(bytes, request);
    },
    relocate: async () => undefined,
    close: async () => undefined,
  };
  return { name: originFolder, source };
};

const wholeFile = (bytes: Uint8Array, request: number): Delivery => ({
  bytes: new Uint8Array(bytes),
  pieces: [{ request, position: 0, start: 0, length: bytes.length }],
  verdicts: [{ request, verdict: { kind: 'complete', bytes: bytes.length } }],
});

/** What the snapshot of a server says of itself; undefined in those of earlier versions. Faults: those of the repository. */
export const readOrigin = async (snapshot: Base, run: Run): Promise<ServerOrigin | undefined> => {
  for await (const page of snapshot.children([originFolder], run)) {
    const file = page.find(({ entry }) => entry.name === originFile);
    if (file === undefined) continue;
    const parts: Uint8Array[] = [];
    for await (const { bytes, pieces, verdicts } of snapshot.contents([file], run)) {
      for (const { start, length } of pieces) parts.push(Uint8Array.from(bytes.subarray(start, start + length)));
      for (const { verdict } of verdicts) if (verdict.kind === 'failed') throw verdict.fault;
    }
    return originOfText(Buffer.concat(parts).toString('utf8'));
  }
  return undefined;
};

const originOfText = (text: string): ServerOrigin => {
  try {
    return serverOriginFormat.parse(JSON.parse(text));
  } catch (error) {
    throw new Fault('verification-failed', 'what the backup says of where it came from cannot be read', {
      hint: 'Its files are there all the same: restore them with --into, or by `mailkeep restore SNAPSHOT --target`.',
      cause: error,
    });
  }
};
