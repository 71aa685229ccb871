import { createHash, type Hash } from 'node:crypto';
import { tarBlockLength, tarHeaderSum } from '../../../model/tar-format.ts';

/** A file of an archive, as it was read. */
export interface TarMember {
  /** Where in the archive its bytes begin. */
  readonly position: number;
  readonly size: number;
  readonly sha256: string;
}

/** Takes an archive's bytes in order, and lists the regular files in it. Throws a RangeError for what is no archive. */
export interface TarScan {
  add(bytes: Uint8Array): TarMember[];
  /** Whether the archive has come to its end. */
  readonly ended: boolean;
}

const octalAt = (block: Uint8Array, at: number, length: number): number => {
  const text = Buffer.from(block.subarray(at, at + length))
    .toString('latin1')
    .replace(/[\0 ]+$/, '');
  if (!/^[0-7]*$/.test(text)) throw new RangeError('a header of the archive has a number that is none');
  return text === '' ? 0 : Number.parseInt(text, 8);
};

const sizeRecord = /(?:^|\n)\d+ size=(\d+)\n/;

interface Content {
  readonly kind: 'file' | 'records' | 'padding';
  readonly position: number;
  readonly size: number;
  left: number;
  readonly hash: Hash | undefined;
  readonly text: Buffer[];
}

/** Where the scan is: between entries, or in what follows a header. */
class Scan implements TarScan {
  ended = false;
  #position = 0;
  #header = Buffer.alloc(0);
  #content: Content | undefined;
  /** From the records of the entry to come, where its size has no place in its header. */
  #sizeOfNext: number | undefined;

  add(bytes: Uint8Array): TarMember[] {
    const members: TarMember[] = [];
    for (let at = 0; at < bytes.length || this.#content?.left === 0;) {
      const rest = bytes.subarray(at);
      const content = this.#content;
      const taken = content === undefined ? this.#takeHeader(rest) : takeContent(content, rest);
      at += taken;
      this.#position += taken;
      if (content === undefined) this.#readHeader();
      const member = content?.left === 0 ? this.#end(content) : undefined;
      if (member !== undefined) members.push(member);
    }
    return members;
  }

  #takeHeader(bytes: Uint8Array): number {
    const wanted = bytes.subarray(0, tarBlockLength - this.#header.length);
    this.#header = Buffer.concat([this.#header, wanted]);
    return wanted.length;
  }

  #readHeader(): void {
    if (this.#header.length < tarBlockLength) return;
    const block = this.#header;
    this.#header = Buffer.alloc(0);
    if (block.every((byte) => byte === 0)) {
      this.ended = true;
      return;
    }
    if (octalAt(block, 148, 8) !== tarHeaderSum(block)) throw new RangeError('a header of the archive is damaged');
    const type = String.fromCharCode(block[156] ?? 0);
    const size = octalAt(block, 124, 12);
    if (type === 'x') {
      this.#begin('records', size);
      return;
    }
    if (type === '0' || type === '\0') this.#begin('file', this.#sizeOfNext ?? size);
    this.#sizeOfNext = undefined;
  }

  #begin(kind: Content['kind'], size: number): void {
    const hash = kind === 'file' ? createHash('sha256') : undefined;
    this.#content = { kind, position: this.#position, size, left: size, hash, text: [] };
  }

  /** Its last byte was taken. */
  #end({ kind, size, position, hash, text }: Content): TarMember | undefined {
    this.#content = undefined;
    if (kind === 'records') {
      const [, number] = sizeRecord.exec(Buffer.concat(text).toString('latin1')) ?? [];
      if (number !== undefined) this.#sizeOfNext = Number(number);
    }
    if (kind !== 'padding' && size % tarBlockLength !== 0) {
      this.#begin('padding', tarBlockLength - (size % tarBlockLength));
    }
    return hash === undefined ? undefined : { position, size, sha256: hash.digest('hex') };
  }
}

const takeContent = (content: Content, bytes: Uint8Array): number => {
  const part = bytes.subarray(0, content.left);
  content.hash?.update(part);
  if (content.kind === 'records') content.text.push(Buffer.from(part));
  content.left -= part.length;
  return part.length;
};

export const createTarScan = (): TarScan => new Scan();
