import { createHash, type Hash } from 'node:crypto';
import type { ReadRequest, Source, Verdict } from '../contract/source.ts';
import { type Run, throwIfInterrupted } from '../contract/run.ts';
import type { ByteString } from '../model/byte-string.ts';
import type { Difference, MetadataField } from '../model/compare.ts';
import { Fault } from '../model/fault.ts';

/** Two files of one size whose bytes are to be compared. */
export interface ContentPair {
  readonly path: ByteString;
  readonly left: ReadRequest;
  readonly right: ReadRequest;
  readonly fields: readonly MetadataField[];
}

/** Collects pairs, so that a source can deliver many in its own best order. */
export interface ContentComparison {
  add(pair: ContentPair): void;
  isFull(): boolean;
  /** Reads what was collected, from both sides at once, and tells what differs. */
  compare(): AsyncGenerator<Difference, void>;
}

const pairsAtOnce = 4096;

export const createContentComparison = (left: Source, right: Source, run: Run): ContentComparison => {
  let pairs: ContentPair[] = [];
  return {
    add: (pair) => {
      pairs.push(pair);
    },
    isFull: () => pairs.length >= pairsAtOnce,
    compare: async function* () {
      const taken = pairs;
      pairs = [];
      if (taken.length === 0) return;
      const [ours, theirs] = await Promise.all([
        digestsOf(
          left,
          taken.map((pair) => pair.left),
          run,
        ),
        digestsOf(
          right,
          taken.map((pair) => pair.right),
          run,
        ),
      ]);
      for (const [at, pair] of taken.entries()) {
        const difference = judge(pair, ours[at], theirs[at]);
        if (difference !== undefined) yield difference;
      }
    },
  };
};

const judge = (
  pair: ContentPair,
  ours: string | Fault = unjudged(),
  theirs: string | Fault = unjudged(),
): Difference | undefined => {
  const { path, fields } = pair;
  const both = { path, left: pair.left.entry, right: pair.right.entry, fields };
  if (ours instanceof Fault) return { kind: 'unknown', path, fault: ours };
  if (theirs instanceof Fault) return { kind: 'unknown', path, fault: theirs };
  if (ours !== theirs) return { kind: 'content', ...both };
  return fields.length > 0 ? { kind: 'metadata', ...both } : undefined;
};

const unjudged = (): Fault => new Fault('internal', 'the source said nothing about this file');

/** SHA-256 of each, or why it could not be told. */
const digestsOf = (source: Source, requests: readonly ReadRequest[], run: Run): Promise<readonly (string | Fault)[]> =>
  source.digests?.(requests, run) ?? digestsOfBytes(source, requests, run);

const digestsOfBytes = async (
  source: Source,
  requests: readonly ReadRequest[],
  run: Run,
): Promise<(string | Fault)[]> => {
  const open = new Map<number, Hash>();
  const digests: (string | Fault)[] = [];
  const hashOf = (request: number): Hash => {
    let hash = open.get(request);
    if (hash === undefined) open.set(request, (hash = createHash('sha256')));
    return hash;
  };
  for await (const { bytes, pieces, verdicts, recycle } of source.read(requests, 'in-order', run)) {
    throwIfInterrupted(run);
    for (const { request, start, length } of pieces) hashOf(request).update(bytes.subarray(start, start + length));
    for (const { request, verdict } of verdicts) {
      digests[request] = faultOf(verdict) ?? hashOf(request).digest('hex');
      open.delete(request);
    }
    recycle?.();
  }
  return digests;
};

const faultOf = (verdict: Verdict): Fault | undefined => {
  switch (verdict.kind) {
    case 'complete':
      return undefined;
    case 'failed':
      return verdict.fault;
    case 'changed':
      return new Fault('entry-changed', 'it changed while it was read');
    case 'gone':
      return new Fault('entry-vanished', 'it vanished before it was read');
  }
};
