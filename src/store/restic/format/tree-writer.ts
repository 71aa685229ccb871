import { displayText, type ByteString } from '../../../model/byte-string.ts';
import type { Entry, ExtendedAttribute, Nanoseconds } from '../../../model/entry.ts';
import { Fault } from '../../../model/fault.ts';
import { goJsonText, goJsonTextOfBytes, isUtf8, quoteName } from './go-quote.ts';
import { JsonBytes } from './json-bytes.ts';
import { membersOf } from './json-cursor.ts';
import { formatTime, localOffsetMinutes } from './time-format.ts';
import { goModeOf, nodeTypeNames, type TreeNode } from './tree-format.ts';

/** Writes one tree as restic does, byte for byte. Made for one tree; `finish` ends it. */
export interface TreeWriter {
  /** Fault `tree-damaged` when the name is not a name or does not follow the last one in byte order. */
  add(node: TreeNode): void;
  /**
   * Copies nodes, with the commas between them, out of a tree that has them just as they would be written. `first` and
   * `end` are the names of the first and the last of them. Fault as of `add`.
   */
  copy(nodes: Uint8Array, first: ByteString, end: ByteString): void;
  /** The JSON, the last line break included. The bytes belong to the caller. */
  finish(): Uint8Array;
}

const invalid = (name: ByteString, reason: string): Fault =>
  new Fault('tree-damaged', `a tree cannot hold ${JSON.stringify(displayText(name))}: ${reason}`, {
    hint: 'Nothing was written of it; please report it, with the name, if a file system gave that name.',
    context: { name: displayText(name) },
  });

const outOfOrder = 'it does not come after the name before it in byte order';

const isUint64 = (value: bigint): boolean => BigInt.asUintN(64, value) === value;
const isUint32 = (value: number): boolean => value >>> 0 === value;

const checkNode = ({ entry, content, subtree }: TreeNode, last: string): void => {
  const { name } = entry;
  if (name === '' || name === '.' || name === '..') throw invalid(name, 'it is no name');
  if (name <= last) throw invalid(name, outOfOrder);
  if (name.includes('/') || name.includes('\0')) throw invalid(name, 'it holds a slash or a zero byte');
  if (content !== undefined && content.length % 32 !== 0) throw invalid(name, 'the ids of its content are cut off');
  if (subtree !== undefined && subtree.length !== 32) throw invalid(name, 'the id of its tree has not 32 bytes');
  if (!isUint32(entry.uid) || !isUint32(entry.gid)) throw invalid(name, 'its owner or group is out of range');
  if (!isUint64(entry.inode) || !isUint64(entry.deviceId) || !isUint64(entry.device ?? 0n)) {
    throw invalid(name, 'its inode or device is out of range');
  }
  if (!Number.isSafeInteger(entry.size) || entry.size < 0 || !Number.isSafeInteger(entry.links) || entry.links < 0) {
    throw invalid(name, 'its size or number of links is out of range');
  }
};

const writeAttributes = (out: JsonBytes, attributes: readonly ExtendedAttribute[]): void => {
  out.text(',"extended_attributes":[');
  for (const [index, { name, value }] of attributes.entries()) {
    out.text(`${index === 0 ? '' : ','}{"name":"${goJsonTextOfBytes(name)}","value":`);
    out.reserve(8);
    if (value === null) {
      out.ascii('null}');
      continue;
    }
    out.ascii('"');
    out.base64(value);
    out.text('"}');
  }
  out.text(']');
};

const writeLinkTarget = (out: JsonBytes, target: ByteString): void => {
  out.text(`,"linktarget":"${goJsonTextOfBytes(target)}"`);
  if (isUtf8(target)) return;
  out.text(`,"linktarget_raw":"${btoa(target)}"`);
};

const writeContent = (out: JsonBytes, content: Uint8Array | undefined): void => {
  out.ascii(',"content":');
  if (content === undefined) {
    out.ascii('null');
    return;
  }
  out.ascii('[');
  for (let start = 0; start < content.length; start += 32) {
    if (start > 0) out.ascii(',');
    out.id(content, start);
  }
  out.ascii(']');
};

interface Memory {
  readonly encodedTexts: Map<string, string>;
}

/** Owner and group names are few: each is escaped once. */
const writeText = (out: JsonBytes, text: string, { encodedTexts }: Memory): void => {
  let encoded = encodedTexts.get(text);
  if (encoded === undefined) {
    encoded = goJsonText(text);
    if (encodedTexts.size < 1000) encodedTexts.set(text, encoded);
  }
  out.text(encoded);
};

const time = (nanoseconds: Nanoseconds, offset: number | undefined): string =>
  formatTime(nanoseconds, offset ?? localOffsetMinutes(nanoseconds));

const writeTimes = (out: JsonBytes, { entry, offsets }: TreeNode): void => {
  const { mtime, atime, ctime } = entry;
  const mtimeText = time(mtime, offsets?.[0]);
  out.ascii(',"mtime":"');
  out.ascii(mtimeText);
  out.ascii('","atime":"');
  out.ascii(atime === mtime && offsets?.[0] === offsets?.[1] ? mtimeText : time(atime, offsets?.[1]));
  out.ascii('","ctime":"');
  out.ascii(time(ctime, offsets?.[2]));
};

const writeHead = (out: JsonBytes, node: TreeNode): void => {
  const { entry } = node;
  out.ascii('{"name":"');
  if (!out.plainName(entry.name)) {
    out.text(quoteName(entry.name));
    out.reserve(600);
  }
  out.ascii('","type":"');
  out.ascii(nodeTypeNames[entry.type]);
  out.ascii('"');
  const mode = goModeOf(entry.type, entry.mode);
  if (mode !== 0) {
    out.ascii(',"mode":');
    out.integer(mode);
  }
  writeTimes(out, node);
  out.ascii('","uid":');
  out.integer(entry.uid);
  out.ascii(',"gid":');
  out.integer(entry.gid);
};

const writeOwner = (out: JsonBytes, key: string, name: string, memory: Memory): void => {
  if (name === '') return;
  out.ascii(key);
  writeText(out, name, memory);
  out.reserve(600);
  out.ascii('"');
};

const writeNumbers = (out: JsonBytes, entry: Entry): void => {
  if (entry.inode !== 0n) {
    out.ascii(',"inode":');
    out.uint64(entry.inode);
  }
  if (entry.deviceId !== 0n) {
    out.ascii(',"device_id":');
    out.uint64(entry.deviceId);
  }
  if (entry.size !== 0) {
    out.ascii(',"size":');
    out.integer(entry.size);
  }
  if (entry.links !== 0) {
    out.ascii(',"links":');
    out.integer(entry.links);
  }
};

const writeNode = (out: JsonBytes, node: TreeNode, memory: Memory): void => {
  const { entry, content, subtree } = node;
  out.reserve(600 + entry.name.length + (content === undefined ? 0 : content.length * 3));
  const passed = node.passedThrough === undefined ? [] : membersOf(node.passedThrough);
  writeHead(out, node);
  writeOwner(out, ',"user":"', entry.user, memory);
  writeOwner(out, ',"group":"', entry.group, memory);
  writeNumbers(out, entry);
  if (entry.linkTarget !== undefined && entry.linkTarget !== '') writeLinkTarget(out, entry.linkTarget);
  if (entry.extendedAttributes !== undefined && entry.extendedAttributes.length > 0) {
    writeAttributes(out, entry.extendedAttributes);
  }
  for (const { key, raw } of passed) if (key === 'generic_attributes') out.text(`,${raw}`);
  if (entry.device !== undefined && entry.device !== 0n) out.text(`,"device":${entry.device.toString()}`);
  out.reserve(200 + (content === undefined ? 0 : content.length * 3));
  writeContent(out, content);
  if (subtree !== undefined) {
    out.ascii(',"subtree":');
    out.id(subtree, 0);
  }
  for (const { key, raw } of passed) if (key !== 'generic_attributes') out.text(`,${raw}`);
  out.text('}');
};

/** `expected`: about how many bytes it will have. */
export const createTreeWriter = (expected = 0): TreeWriter => {
  const out = new JsonBytes(expected);
  const memory: Memory = { encodedTexts: new Map() };
  let last = '';
  out.ascii('{"nodes":[');
  return {
    add: (node) => {
      checkNode(node, last);
      if (last !== '') out.text(',');
      last = node.entry.name;
      writeNode(out, node, memory);
    },
    copy: (nodes, first, end) => {
      if (first <= last) throw invalid(first, outOfOrder);
      if (last !== '') out.text(',');
      last = end;
      out.copied(nodes);
    },
    finish: () => {
      out.text(']}\n');
      return out.taken();
    },
  };
};
