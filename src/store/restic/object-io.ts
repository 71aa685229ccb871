import { hash } from 'node:crypto';
import type { Backend, ObjectKind } from '../../contract/backend.ts';
import type { Run } from '../../contract/run.ts';
import { Fault, type FaultCode } from '../../model/fault.ts';
import { saveChecked } from './save-checked.ts';
import type { Decompressor } from './sealing/compression.ts';
import type { Envelope } from './sealing/envelope.ts';
import { decodeUnpacked, encodeUnpacked } from './format/unpacked.ts';

/** The kinds that are one sealed JSON text each. */
export type UnpackedKind = Extract<ObjectKind, 'lock' | 'snapshot' | 'index'>;

const damageCodes: Readonly<Record<UnpackedKind, FaultCode>> = {
  lock: 'io-failed',
  snapshot: 'snapshot-damaged',
  index: 'index-damaged',
};

/** Reads and writes the sealed JSON objects of a repository: name checked, seal checked, decompressed. */
export interface ObjectIo {
  load(kind: UnpackedKind, name: string, run: Run): Promise<Uint8Array>;
  /** Returns the name: the SHA-256 of what was stored, and is there. */
  save(kind: UnpackedKind, json: Uint8Array, run: Run): Promise<string>;
  /** The same, but the storage is believed that it is there; with its size, so that it can be asked for later. */
  saveUnasked(
    kind: UnpackedKind,
    json: Uint8Array,
    run: Run,
  ): Promise<{ readonly name: string; readonly size: number }>;
}

const damaged = (kind: UnpackedKind, name: string, what: string): Fault =>
  new Fault(damageCodes[kind], `the ${kind} ${name.slice(0, 8)} is damaged: ${what}`, {
    hint: 'Run `mailkeep check` to see what else is damaged.',
    context: { kind, name },
  });

/** `decompressor`: Node's own is slower on an index of many blobs. */
export const createObjectIo = (
  backend: Backend,
  envelope: Envelope,
  version: 1 | 2,
  decompressor?: Decompressor,
): ObjectIo => ({
  async load(kind, name, run) {
    const sealed = await backend.load({ kind, name }, undefined, run);
    if (hash('sha256', sealed, 'hex') !== name) throw damaged(kind, name, 'its content does not match its name');
    const plain = envelope.open(sealed);
    if (plain === undefined) throw damaged(kind, name, 'its seal is broken');
    return decodeUnpacked(plain, damageCodes[kind], decompressor);
  },
  async save(kind, json, run) {
    const sealed = envelope.seal(encodeUnpacked(json, version));
    const name = hash('sha256', sealed, 'hex');
    await saveChecked(backend, { kind, name }, [sealed], run);
    return name;
  },
  async saveUnasked(kind, json, run) {
    const sealed = envelope.seal(encodeUnpacked(json, version));
    const name = hash('sha256', sealed, 'hex');
    await backend.save({ kind, name, isNamedByHash: true }, [sealed], run);
    return { name, size: sealed.length };
  },
});
