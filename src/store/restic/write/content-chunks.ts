import { leastMessage, looksLikeMail, mailProbeBytes, mimeSegments, type Segment } from '../../../mail/mime-cuts.ts';
import type { Chunker } from './rabin.ts';
import { maximumChunk, minimumChunk } from './rabin.ts';

/** Where a file is cut: mail at the borders of its large parts, everything at content-defined points. */
export interface Cutting {
  readonly chunker: Chunker;
  readonly mailAware: boolean;
}

const segmentsOf = (bytes: Uint8Array, cutting: Cutting): readonly Segment[] | undefined =>
  cutting.mailAware && bytes.length >= leastMessage && looksLikeMail(bytes.subarray(0, mailProbeBytes))
    ? mimeSegments(bytes)
    : undefined;

/** Ends of the chunks of one stretch of a file. */
function* chunkEnds(bytes: Uint8Array, start: number, end: number, chunker: Chunker): Generator<number> {
  if (end - start < minimumChunk) {
    if (end > start) yield end;
    return;
  }
  const stretch = bytes.subarray(0, end);
  for (let at = start; at < end;) {
    at += chunker.cut(stretch, at);
    yield at;
  }
}

/** The ends of all chunks of a file that is wholly there, ascending; none for an empty file. */
export function* wholeFileChunks(bytes: Uint8Array, cutting: Cutting): Generator<number> {
  const segments = segmentsOf(bytes, cutting);
  if (segments === undefined) {
    yield* chunkEnds(bytes, 0, bytes.length, cutting.chunker);
    return;
  }
  for (const segment of segments) yield* chunkEnds(bytes, segment.start, segment.end, cutting.chunker);
}

/** The ends of those chunks of a window that can be told without seeing more of the file. */
export function* windowChunks(bytes: Uint8Array, last: boolean, chunker: Chunker): Generator<number> {
  let at = 0;
  while (at < bytes.length && (last || bytes.length - at >= maximumChunk)) {
    at += chunker.cut(bytes, at);
    yield at;
  }
}
