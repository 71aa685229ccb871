import { createHmac, timingSafeEqual } from 'node:crypto';
import type { NoteOrigin } from '../../../model/evidence-note.ts';

/** By which a machine's notes are told apart from those that anybody with the repository's password can write. */
export interface EvidenceKey {
  /** 16 hexadecimal digits: whose a note claims to be. */
  readonly id: string;
  /** HMAC-SHA-256 over a note of one repository. */
  mac(repositoryId: string, note: Uint8Array): Uint8Array;
}

/** Whose notes of what was read back are believed. */
export interface EvidenceTrust {
  /** This machine's key, which is made when there is none. Faults: `configuration`, and those of the file system. */
  own(): Promise<EvidenceKey>;
  /** This machine's key, when there is one, and those that it was given. Faults alike. */
  known(): Promise<{ readonly own: EvidenceKey | undefined; readonly given: readonly EvidenceKey[] }>;
  /** Also those that anybody may have written, for what is only decided and never noted again. */
  readonly anybody: boolean;
}

/** `secret`: 32 bytes that are in no repository. */
export const createEvidenceKey = (secret: Uint8Array): EvidenceKey => {
  const digest = (...parts: readonly (string | Uint8Array)[]): Buffer => {
    const hmac = createHmac('sha256', secret);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  };
  return {
    id: digest('mailkeep evidence key\n').toString('hex', 0, 8),
    mac: (repositoryId, note) => digest(`mailkeep evidence of ${repositoryId}\n`, note),
  };
};

/* The last members of a note: …,"key":"16 digits","mac":"64 digits"}\n. The MAC is over all before its comma. */
const ending = /,"key":"([0-9a-f]{16})","mac":"([0-9a-f]{64})"\}\n$/;
const endingLength = ',"mac":""}\n'.length + 64;
const longestEnding = ',"key":"","mac":""}\n'.length + 16 + 64;

/** A note with the MAC of a key; `json` is an object and a line break. */
export const signedNote = (json: Uint8Array, key: EvidenceKey, repositoryId: string): Uint8Array => {
  const covered = Buffer.concat([
    json.subarray(0, json.lastIndexOf('}'.charCodeAt(0))),
    Buffer.from(`,"key":"${key.id}"`),
  ]);
  const mac = Buffer.from(key.mac(repositoryId, covered)).toString('hex');
  return Buffer.concat([covered, Buffer.from(`,"mac":"${mac}"}\n`)]);
};

/** The keys whose notes are believed. */
export type KnownKeys = Awaited<ReturnType<EvidenceTrust['known']>>;

/** Whose a note is. */
export const originOf = (note: Uint8Array, { own, given }: KnownKeys, repositoryId: string): NoteOrigin => {
  const end = Buffer.from(note.subarray(Math.max(0, note.length - longestEnding))).toString('latin1');
  const [, id, mac] = ending.exec(end) ?? [];
  if (id === undefined || mac === undefined) return { kind: 'unsigned' };
  const key = own?.id === id ? own : given.find((known) => known.id === id);
  if (key === undefined) return { kind: 'strange', key: id };
  const expected = key.mac(repositoryId, note.subarray(0, note.length - endingLength));
  if (!timingSafeEqual(expected, Buffer.from(mac, 'hex'))) return { kind: 'forged' };
  return key === own ? { kind: 'own' } : { kind: 'given', key: id };
};
