import { Fault } from '../../model/fault.ts';

/*
 * The packets of SFTP version 3 (draft-ietf-secsh-filexfer-02) as bytes, without any IO. Every implementation in use
 * speaks this version, with OpenSSH's extensions (its file PROTOCOL).
 */

export const requestType = {
  init: 1,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  stat: 17,
  rename: 18,
  extended: 200,
} as const;

const replyType = { version: 2, status: 101, handle: 102, data: 103, name: 104, attrs: 105, extended: 201 } as const;

export const openFlag = { read: 1, write: 2, create: 8, exclusive: 32 } as const;

export interface SftpAttributes {
  /** Bytes; undefined where the server does not say. */
  readonly size: number | undefined;
  /** The permission bits with the type of the file, as `st_mode`. */
  readonly mode: number | undefined;
  /** Seconds since 1970. */
  readonly mtime: number | undefined;
}

export interface SftpEntry {
  /** One character a byte. */
  readonly name: string;
  readonly attributes: SftpAttributes;
}

/** What a server answers to a request. */
export type SftpReply =
  | { readonly kind: 'status'; readonly status: number; readonly message: string }
  | { readonly kind: 'handle'; readonly handle: Uint8Array }
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'entries'; readonly entries: readonly SftpEntry[] }
  | { readonly kind: 'attributes'; readonly attributes: SftpAttributes }
  | { readonly kind: 'extended'; readonly payload: Uint8Array };

export type SftpPacket =
  | { readonly kind: 'version'; readonly version: number; readonly extensions: ReadonlyMap<string, string> }
  | { readonly kind: 'reply'; readonly id: number; readonly reply: SftpReply };

/** A field of a request: 32 bits, 64 bits, or bytes (as such or as a byte string) with their length before them. */
export type Field = number | bigint | string | Uint8Array;

const fieldLength = (field: Field): number => {
  if (typeof field === 'number') return 4;
  if (typeof field === 'bigint') return 8;
  return 4 + field.length;
};

const putField = (packet: Buffer, field: Field, at: number): number => {
  if (typeof field === 'number') return packet.writeUInt32BE(field, at);
  if (typeof field === 'bigint') return packet.writeBigUInt64BE(field, at);
  if (typeof field === 'string') {
    packet.writeUInt32BE(field.length, at);
    return at + 4 + packet.write(field, at + 4, 'latin1');
  }
  packet.writeUInt32BE(field.length, at);
  packet.set(field, at + 4);
  return at + 4 + field.length;
};

/** A whole packet: length, type, fields. Strings are byte strings. */
export const encodePacket = (type: number, fields: readonly Field[]): Buffer => {
  const length = fields.reduce<number>((sum, field) => sum + fieldLength(field), 1);
  const packet = Buffer.allocUnsafe(4 + length);
  packet.writeUInt32BE(length, 0);
  packet.writeUInt8(type, 4);
  let at = 5;
  for (const field of fields) at = putField(packet, field, at);
  return packet;
};

/** Attributes that name the permissions only. */
export const permissions = (mode: number): readonly Field[] => [4, mode];
export const noAttributes: readonly Field[] = [0];

const misspoken = (what: string): Fault =>
  new Fault('backend-misbehaved', `the SFTP server sent ${what}`, {
    hint: 'Is it an SFTP server? A login script that prints something also breaks the protocol.',
  });

interface Reader {
  uint32(): number;
  uint64(): bigint;
  bytes(): Uint8Array;
  text(): string;
  rest(): Uint8Array;
  readonly atEnd: boolean;
}

const createReader = (payload: Buffer): Reader => {
  let at = 0;
  const take = (length: number): number => {
    const from = at;
    if (from + length > payload.length) throw misspoken('a packet that ends too early');
    at += length;
    return from;
  };
  const uint32 = (): number => payload.readUInt32BE(take(4));
  const bytes = (): Uint8Array => {
    const length = uint32();
    const from = take(length);
    return payload.subarray(from, from + length);
  };
  return {
    uint32,
    uint64: () => payload.readBigUInt64BE(take(8)),
    bytes,
    text: () => Buffer.from(bytes()).toString('latin1'),
    rest: () => payload.subarray(at),
    get atEnd() {
      return at >= payload.length;
    },
  };
};

const readAttributes = (reader: Reader): SftpAttributes => {
  const flags = reader.uint32();
  const size = (flags & 1) === 0 ? undefined : Number(reader.uint64());
  if ((flags & 2) !== 0) {
    reader.uint32();
    reader.uint32();
  }
  const mode = (flags & 4) === 0 ? undefined : reader.uint32();
  let mtime: number | undefined;
  if ((flags & 8) !== 0) {
    reader.uint32();
    mtime = reader.uint32();
  }
  if ((flags & 0x80000000) !== 0) {
    for (let left = reader.uint32(); left > 0; left--) {
      reader.bytes();
      reader.bytes();
    }
  }
  return { size, mode, mtime };
};

const readEntries = (reader: Reader): readonly SftpEntry[] => {
  const entries: SftpEntry[] = [];
  for (let left = reader.uint32(); left > 0; left--) {
    const name = reader.text();
    reader.bytes();
    entries.push({ name, attributes: readAttributes(reader) });
  }
  return entries;
};

const readReply = (type: number, reader: Reader): SftpReply => {
  switch (type) {
    case replyType.status: {
      const status = reader.uint32();
      return { kind: 'status', status, message: reader.atEnd ? '' : reader.text() };
    }
    case replyType.handle:
      return { kind: 'handle', handle: reader.bytes().slice() };
    case replyType.data:
      return { kind: 'data', bytes: reader.bytes() };
    case replyType.name:
      return { kind: 'entries', entries: readEntries(reader) };
    case replyType.attrs:
      return { kind: 'attributes', attributes: readAttributes(reader) };
    case replyType.extended:
      return { kind: 'extended', payload: reader.rest() };
    default:
      throw misspoken(`a packet of the unknown type ${type}`);
  }
};

const readVersion = (reader: Reader): SftpPacket => {
  const version = reader.uint32();
  const extensions = new Map<string, string>();
  while (!reader.atEnd) extensions.set(reader.text(), reader.text());
  return { kind: 'version', version, extensions };
};

const decodePacket = (packet: Buffer): SftpPacket => {
  const type = packet.readUInt8(0);
  const reader = createReader(packet.subarray(1));
  if (type === replyType.version) return readVersion(reader);
  const id = reader.uint32();
  return { kind: 'reply', id, reply: readReply(type, reader) };
};

/** Longer packets are not sent by any server that was asked for what we ask. */
const longestPacket = 1 << 20;

/**
 * Takes the bytes of a stream as they come and gives the packets that are complete. The result may share memory with
 * the chunks. Throws the Fault `backend-misbehaved` at what is no SFTP.
 */
export const createPacketParser = (): ((chunk: Buffer) => readonly SftpPacket[]) => {
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = 4;
  return (chunk) => {
    chunks.push(chunk);
    held += chunk.length;
    const packets: SftpPacket[] = [];
    while (held >= wanted) {
      const whole = chunks.length === 1 ? (chunks[0] ?? chunk) : Buffer.concat(chunks, held);
      let at = 0;
      wanted = 4;
      while (held - at >= 4) {
        const length = whole.readUInt32BE(at);
        if (length < 5 || length > longestPacket)
          throw misspoken(JSON.stringify(whole.toString('latin1', at, at + 40)));
        wanted = 4 + length;
        if (held - at < wanted) break;
        packets.push(decodePacket(whole.subarray(at + 4, at + wanted)));
        at += wanted;
        wanted = 4;
      }
      chunks = at === whole.length ? [] : [whole.subarray(at)];
      held -= at;
    }
    return packets;
  };
};
