import type { JsonCursor } from './json-cursor.ts';

const fieldNames = [
  'name',
  'type',
  'mode',
  'mtime',
  'atime',
  'ctime',
  'uid',
  'gid',
  'user',
  'group',
  'inode',
  'device_id',
  'size',
  'links',
  'linktarget',
  'linktarget_raw',
  'extended_attributes',
  'device',
  'content',
  'subtree',
] as const;

export type FieldName = (typeof fieldNames)[number];

// A field is found by length and first letter, which together are different for each; then it is compared.
const slotOf = (length: number, first: number): number => (length & 31) * 128 + (first & 127);
const fieldAtSlot: (FieldName | undefined)[] = Array.from({ length: 32 * 128 }, () => undefined);
for (const name of fieldNames) fieldAtSlot[slotOf(name.length, name.charCodeAt(0))] = name;

/** Reads a member's name; undefined for one that is not modelled. */
export const readFieldName = (cursor: JsonCursor): FieldName | undefined => {
  const start = cursor.at + 1;
  const end = cursor.passString();
  if (end < 0) {
    const key = cursor.decodeString(start, -end);
    return fieldNames.find((name) => name === key);
  }
  const length = end - start;
  const field = fieldAtSlot[slotOf(length, cursor.bytes[start] ?? 0)];
  if (field === undefined || field.length !== length) return undefined;
  for (let index = 0; index < length; index++) {
    if (cursor.bytes[start + index] !== field.charCodeAt(index)) return undefined;
  }
  return field;
};
