import { displayText, type ByteString } from '../../../model/byte-string.ts';
import { asFault, Fault } from '../../../model/fault.ts';
import { NodeScanner } from './node-scanner.ts';
import { goTypeBits, goTypeBitsMask } from './tree-format.ts';
import { asTreeFault, problemOfName } from './tree-reader.ts';

/** Bytes of a data blob's plaintext; undefined when it is not known. The id is only valid during the call. */
export type BlobSize = (id: Uint8Array) => number | undefined;

/** Told of each tree that a tree refers to, by its name. The id is only valid during the call. */
export type OnSubtree = (name: ByteString, id: Uint8Array) => void;

/** A tree with many faults is not described further. */
const mostFaults = 100;

function* problemsOfOrder(name: ByteString, last: ByteString | undefined): Generator<string> {
  const problem = problemOfName(name);
  if (problem !== undefined) yield problem;
  if (last === undefined) return;
  if (name === last) yield 'its name is there twice';
  else if (name < last) yield 'it does not come after the name before it in byte order';
}

function* problemsOfMetadata({ mode, type, hasMtime, linkTarget }: NodeScanner): Generator<string> {
  if (!hasMtime) yield 'it has no modification time';
  // The mode of a plain file without any permission is 0, and left out.
  if (mode === undefined && type !== 'file') yield 'it has no mode';
  else if (type !== undefined && ((mode ?? 0) & goTypeBitsMask) !== (goTypeBits(type) | 0)) {
    yield 'its mode is that of another type';
  }
  if (type === 'symlink' && linkTarget === undefined) yield 'it is a link without a target';
}

const sizeOfContent = (content: Uint8Array, blobSize: BlobSize): number | undefined => {
  let total = 0;
  for (let at = 0; at < content.length; at += 32) {
    const size = blobSize(content.subarray(at, at + 32));
    if (size === undefined) return undefined;
    total += size;
  }
  return total;
};

function* problemsOfFile(scanner: NodeScanner, blobSize: BlobSize): Generator<string> {
  if (scanner.hasSubtree) yield 'it is a file with a tree';
  if (!scanner.hasContent) {
    yield 'it is a file without content';
    return;
  }
  const { contentView: content, size } = scanner;
  const held = content.length === 0 ? 0 : sizeOfContent(content, blobSize);
  if (held !== undefined && held !== size) yield `its size is ${size}, but its content has ${held} bytes`;
}

function* problemsOfReferences(scanner: NodeScanner, blobSize: BlobSize): Generator<string> {
  if (scanner.type === 'file') {
    yield* problemsOfFile(scanner, blobSize);
    return;
  }
  if (scanner.contentLength > 0) yield 'it has content, but is no file';
  if (scanner.type === 'directory' && !scanner.hasSubtree) yield 'it is a directory without a tree';
  if (scanner.type !== 'directory' && scanner.hasSubtree) yield 'it has a tree, but is no directory';
}

const faultOf = (scanner: NodeScanner, problem: string): Fault => {
  const { name, start } = scanner;
  const which = name === undefined ? 'a node' : JSON.stringify(displayText(name));
  return new Fault('tree-damaged', `${which} in a tree is damaged: ${problem}, at byte ${start}`, {
    hint: 'The tree was not written by a sound program; the entry may not be restored as it was.',
    context: { offset: start, ...(name === undefined ? {} : { name: displayText(name) }) },
  });
};

/**
 * All that is wrong with a tree, also what restic's own check does not see: order, double and impossible names, what is
 * missing, sizes that are not those of the content (as far as `blobSize` knows, which is asked about each blob of a sound
 * file until it does not). Empty: it is sound, and `onSubtree` was told of all below it. At most 100.
 */
export const validateTree = (
  json: Uint8Array,
  blobSize: BlobSize = () => undefined,
  onSubtree?: OnSubtree,
): Fault[] => {
  const faults: Fault[] = [];
  const scanner = new NodeScanner(json);
  let last: ByteString | undefined;
  try {
    while (faults.length < mostFaults && scanner.next()) {
      const { name } = scanner;
      if (name === undefined) faults.push(faultOf(scanner, 'it has no name'));
      else for (const problem of problemsOfOrder(name, last)) faults.push(faultOf(scanner, problem));
      last = name ?? last;
      if (scanner.type === undefined) faults.push(faultOf(scanner, 'it has no type'));
      else for (const problem of problemsOfReferences(scanner, blobSize)) faults.push(faultOf(scanner, problem));
      for (const problem of problemsOfMetadata(scanner)) faults.push(faultOf(scanner, problem));
      if (name !== undefined && scanner.hasSubtree) onSubtree?.(name, scanner.subtree);
    }
  } catch (thrown) {
    faults.push(asFault(asTreeFault(thrown)));
  }
  return faults;
};
