import type { StoredChild } from '../../contract/browse.ts';
import type { Run } from '../../contract/run.ts';
import type { Content } from '../../contract/source.ts';
import type { ByteString } from '../../model/byte-string.ts';
import type { Entry } from '../../model/entry.ts';

/** A file of a presented tree that is nowhere stored: its bytes are made when they are asked for. */
export class MadeFile {
  readonly size: number;
  /** Letters and digits; the same for equal bytes. */
  readonly version: string;
  readonly bytes: (run: Run) => AsyncIterable<Uint8Array>;

  constructor(size: number, version: string, bytes: (run: Run) => AsyncIterable<Uint8Array>) {
    this.size = size;
    this.version = version;
    this.bytes = bytes;
  }
}

export const madeFileOf = (content: Content): MadeFile | undefined =>
  content.kind === 'delivered' && content.key instanceof MadeFile ? content.key : undefined;

/** What a made file or folder has of the stored one that it stands for, beside its name. */
export const madeEntry = (like: Entry, name: ByteString, type: 'file' | 'directory', size = 0): Entry => ({
  ...like,
  name,
  type,
  mode: type === 'file' ? 0o600 : 0o700,
  size,
  links: type === 'file' ? 1 : 0,
  inode: 0n,
});

const encoder = new TextEncoder();

/** A small file of this text, one byte a character. */
export const madeText = (like: Entry, name: ByteString, text: string, version: string): StoredChild => {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  async function* whole(): AsyncGenerator<Uint8Array, void> {
    if (bytes.length > 0) yield new Uint8Array(bytes);
  }
  const file = new MadeFile(bytes.length, version, whole);
  return {
    entry: madeEntry(like, name, 'file', bytes.length),
    folder: undefined,
    content: { kind: 'delivered', key: file },
  };
};

/** Texts joined to pieces of some size. */
export async function* piecesOfText(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array, void> {
  let waiting = '';
  for await (const text of texts) {
    waiting += text;
    if (waiting.length < 65_536) continue;
    yield encoder.encode(waiting);
    waiting = '';
  }
  if (waiting !== '') yield encoder.encode(waiting);
}
