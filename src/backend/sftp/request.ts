import type { ByteString } from '../../model/byte-string.ts';
import {
  noAttributes,
  openFlag,
  permissions,
  requestType,
  type SftpAttributes,
  type SftpEntry,
  type SftpReply,
} from './packet.ts';
import type { SftpSession } from './session.ts';

/** Section 7 of the draft. */
export const sftpStatus = {
  ok: 0,
  endOfFile: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  noConnection: 6,
  connectionLost: 7,
  unsupported: 8,
} as const;

/** The server refused a request. Made into a Fault by `sftpFault`. */
export class SftpRefusal extends Error {
  readonly status: number;

  constructor(status: number, said: string) {
    super(said === '' ? `status ${status}` : said);
    this.name = 'SftpRefusal';
    this.status = status;
  }
}

export const isRefusal = (error: unknown, ...statuses: readonly number[]): error is SftpRefusal =>
  error instanceof SftpRefusal && (statuses.length === 0 || statuses.includes(error.status));

const refusalOf = (reply: SftpReply): SftpRefusal =>
  reply.kind === 'status'
    ? new SftpRefusal(reply.status, reply.message)
    : new SftpRefusal(sftpStatus.badMessage, `an answer of the wrong kind (${reply.kind})`);

const succeeded = (reply: SftpReply): void => {
  if (reply.kind !== 'status' || reply.status !== sftpStatus.ok) throw refusalOf(reply);
};

/** An open file or folder. */
export type SftpHandle = Uint8Array;

const handleOf = (reply: SftpReply): SftpHandle => {
  if (reply.kind !== 'handle') throw refusalOf(reply);
  return reply.handle;
};

const attributesOf = (reply: SftpReply): SftpAttributes => {
  if (reply.kind !== 'attributes') throw refusalOf(reply);
  return reply.attributes;
};

/** Opens a file that must not be there yet, 0600. */
export const openNew = async (session: SftpSession, path: ByteString): Promise<SftpHandle> => {
  const flags = openFlag.write | openFlag.create | openFlag.exclusive;
  return handleOf(await session.request(requestType.open, path, flags, ...permissions(0o600)));
};

export const openToRead = async (session: SftpSession, path: ByteString): Promise<SftpHandle> =>
  handleOf(await session.request(requestType.open, path, openFlag.read, ...noAttributes));

export const closeHandle = async (session: SftpSession, handle: SftpHandle): Promise<void> =>
  succeeded(await session.request(requestType.close, handle));

export const writeAt = async (session: SftpSession, handle: SftpHandle, piece: Piece): Promise<void> =>
  succeeded(await session.request(requestType.write, handle, BigInt(piece.at), piece.bytes));

export interface Piece {
  /** Bytes from the beginning of the file. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** At most so many bytes, as a view of memory that is not kept; empty at the end of the file. */
export const readAt = async (
  session: SftpSession,
  handle: SftpHandle,
  from: { readonly at: number; readonly length: number },
): Promise<Uint8Array> => {
  const reply = await session.request(requestType.read, handle, BigInt(from.at), from.length);
  if (reply.kind === 'data') return reply.bytes;
  if (reply.kind === 'status' && reply.status === sftpStatus.endOfFile) return new Uint8Array(0);
  throw refusalOf(reply);
};

/** What a path leads to, links followed. */
export const statOf = async (session: SftpSession, path: ByteString): Promise<SftpAttributes> =>
  attributesOf(await session.request(requestType.stat, path));

const isMissing = (error: unknown): boolean => isRefusal(error, sftpStatus.noSuchFile);

export const statIfThere = async (session: SftpSession, path: ByteString): Promise<SftpAttributes | undefined> => {
  try {
    return await statOf(session, path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

/** Whether anything bears this name, be it a link that leads nowhere. */
export const isThere = async (session: SftpSession, path: ByteString): Promise<boolean> => {
  try {
    attributesOf(await session.request(requestType.lstat, path));
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
};

export const openFolder = async (session: SftpSession, path: ByteString): Promise<SftpHandle> =>
  handleOf(await session.request(requestType.opendir, path));

/** Some entries; none at the end. */
export const readFolder = async (session: SftpSession, handle: SftpHandle): Promise<readonly SftpEntry[]> => {
  const reply = await session.request(requestType.readdir, handle);
  if (reply.kind === 'entries') return reply.entries;
  if (reply.kind === 'status' && reply.status === sftpStatus.endOfFile) return [];
  throw refusalOf(reply);
};

export const removeFile = async (session: SftpSession, path: ByteString): Promise<void> =>
  succeeded(await session.request(requestType.remove, path));

/** 0700. */
export const makeFolder = async (session: SftpSession, path: ByteString): Promise<void> =>
  succeeded(await session.request(requestType.mkdir, path, ...permissions(0o700)));

/** The draft says that a name that is taken is refused; not every server keeps to it. */
export const renameFile = async (session: SftpSession, from: ByteString, to: ByteString): Promise<void> =>
  succeeded(await session.request(requestType.rename, from, to));

/** Refuses a name that is taken, always. */
export const linkFile = async (session: SftpSession, from: ByteString, to: ByteString): Promise<void> =>
  succeeded(await session.request(requestType.extended, 'hardlink@openssh.com', from, to));

export const syncHandle = async (session: SftpSession, handle: SftpHandle): Promise<void> =>
  succeeded(await session.request(requestType.extended, 'fsync@openssh.com', handle));

export interface Room {
  /** Bytes that we may still write. */
  readonly free: number;
  readonly readOnly: boolean;
}

/** undefined where the server cannot say. The reply has eleven fields of 64 bits (OpenSSH's PROTOCOL, 4.4). */
export const roomAt = async (session: SftpSession, path: ByteString): Promise<Room | undefined> => {
  if (!session.extensions.has('statvfs@openssh.com')) return undefined;
  const reply = await session.request(requestType.extended, 'statvfs@openssh.com', path);
  if (reply.kind !== 'extended' || reply.payload.length < 88) return undefined;
  const fields = Buffer.from(reply.payload);
  const free = fields.readBigUInt64BE(8) * fields.readBigUInt64BE(32);
  return { free: Number(free), readOnly: (fields.readBigUInt64BE(72) & 1n) !== 0n };
};

const typeBits = 0o170000;

export const isRegular = ({ mode }: SftpAttributes): boolean => mode === undefined || (mode & typeBits) === 0o100000;
export const isFolder = ({ mode }: SftpAttributes): boolean => mode !== undefined && (mode & typeBits) === 0o040000;
export const isLink = ({ mode }: SftpAttributes): boolean => mode !== undefined && (mode & typeBits) === 0o120000;
