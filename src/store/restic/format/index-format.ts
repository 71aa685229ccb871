import { Fault } from '../../../model/fault.ts';
import { envelopeOverhead } from '../sealing/envelope.ts';
import { createIndexContent, type IndexContent, type IndexedBlob, tellIndex } from './index-content.ts';
import { scanIndex } from './index-scan.ts';
import { isJsonRecord } from './json-record.ts';
import type { PackedBlob } from './pack-format.ts';

/** A pack as an index lists it; `id` has 64 hexadecimal digits. */
export interface IndexedPack {
  readonly id: string;
  readonly blobs: readonly PackedBlob[];
}

const hexId = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

const encodeBlob = ({ type, id, offset, length, uncompressedLength }: PackedBlob): string => {
  const uncompressed = (uncompressedLength ?? 0) === 0 ? '' : `,"uncompressed_length":${uncompressedLength}`;
  return `{"id":"${hexId(id)}","type":"${type}","offset":${offset},"length":${length}${uncompressed}}`;
};

/** What an index says of one pack, as it stands in the list of packs: a fraction of the memory of the blobs as objects. */
export const encodeIndexedPack = ({ id, blobs }: IndexedPack): Uint8Array =>
  Buffer.from(`{"id":"${id}","blobs":[${blobs.map(encodeBlob).join(',')}]}`, 'latin1');

const opening = Buffer.from('{"packs":[', 'latin1');
const comma = Buffer.from(',', 'latin1');
const closing = Buffer.from(']}\n', 'latin1');

/** The JSON of an index file of packs that were encoded, byte for byte in restic's form, with its line feed. */
export const joinIndex = (packs: readonly Uint8Array[]): Uint8Array => {
  const parts = packs.flatMap((pack, at) => (at === 0 ? [pack] : [comma, pack]));
  return Buffer.concat([opening, ...parts, closing]);
};

/** The JSON of an index file. */
export const encodeIndex = (packs: readonly IndexedPack[]): Uint8Array => joinIndex(packs.map(encodeIndexedPack));

const damaged = (what: string, cause?: unknown): Fault =>
  new Fault('index-damaged', `the index is damaged: ${what}`, cause === undefined ? {} : { cause });

const listOf = (value: unknown, what: string): readonly unknown[] => {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw damaged(`its ${what} are no list`);
  const list: readonly unknown[] = value;
  return list;
};

const idOf = (value: unknown, what: string): string => {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value)) return value.toLowerCase();
  throw damaged(`it has a ${what} without an id of 64 hexadecimal digits`);
};

const numberOf = (value: unknown, what: string, least = 0): number => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= 0xffff_ffff) return value;
  throw damaged(`it has a blob whose ${what} is no whole number from ${least} to 4294967295`);
};

const collectBlob = (value: unknown, content: IndexContent): void => {
  if (!isJsonRecord(value)) throw damaged('it has a blob that is no object');
  if (value['type'] !== 'data' && value['type'] !== 'tree')
    throw damaged('it has a blob that is neither data nor tree');
  const index = content.blobs;
  content.blobIds.set(Buffer.from(idOf(value['id'], 'blob'), 'hex'), index * 32);
  content.trees[index] = value['type'] === 'tree' ? 1 : 0;
  content.offsets[index] = numberOf(value['offset'], 'offset');
  content.lengths[index] = numberOf(value['length'], 'length', envelopeOverhead);
  content.uncompressedLengths[index] = numberOf(value['uncompressed_length'] ?? 0, 'uncompressed length');
  content.blobs++;
};

const parseJson = (json: Uint8Array): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (error) {
    throw damaged('it is no JSON', error);
  }
};

/** Any legal JSON: fields in another order, white space, fields of other programs; also the bare list of packs that early restic wrote. */
const collectIndex = (json: Uint8Array): IndexContent => {
  const document = parseJson(json);
  if (!isJsonRecord(document) && !Array.isArray(document)) throw damaged('it is no object');
  const content = createIndexContent(json.length);
  for (const pack of listOf(isJsonRecord(document) ? document['packs'] : document, 'packs')) {
    if (!isJsonRecord(pack)) throw damaged('it has a pack that is no object');
    content.packIds.set(Buffer.from(idOf(pack['id'], 'pack'), 'hex'), content.packs * 32);
    content.packStarts[content.packs++] = content.blobs;
    for (const blob of listOf(pack['blobs'], 'blobs')) collectBlob(blob, content);
  }
  const superseded = isJsonRecord(document) ? listOf(document['supersedes'], 'superseded indexes') : [];
  content.supersedes = superseded.map((id) => idOf(id, 'superseded index'));
  return content;
};

/**
 * Tells all packs and blobs of an index file's JSON, each pack before its blobs. Fault `index-damaged` says what is
 * wrong; then nothing was told. What the callbacks get is used again: copy what you keep.
 */
export const decodeIndex = (
  json: Uint8Array,
  onPack: (packId: Uint8Array) => void,
  onBlob: (blob: IndexedBlob) => void,
): { supersedes: string[] } => {
  const content = scanIndex(json) ?? collectIndex(json);
  tellIndex(content, onPack, onBlob);
  return { supersedes: content.supersedes };
};
