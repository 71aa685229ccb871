import { type ByteString, byteStringOfBytes, byteStringOfLatin1, bytesOf } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** A parsed JSON object whose fields are taken one by one, so that what a later version adds is passed over. */
export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const damaged = (what: string, cause?: unknown): Fault =>
  new Fault('tree-damaged', `${what} in the snapshot is not what it should be`, {
    hint: 'The messages themselves are stored apart from it; `mailkeep restore --stored` brings everything as it lies.',
    ...(cause === undefined ? {} : { cause }),
  });

/** One JSON object from its bytes. Fault `tree-damaged`; `what` names the file. */
export const parseFields = (bytes: Uint8Array, what: string): Fields => {
  let value: unknown;
  try {
    value = JSON.parse(strictDecoder.decode(bytes));
  } catch (error) {
    throw damaged(what, error);
  }
  if (!isFields(value)) throw damaged(what);
  return value;
};

export const textField = (fields: Fields, name: string): string | undefined => {
  const value = fields[name];
  return typeof value === 'string' ? value : undefined;
};

/** A whole number that is not negative and is exact. */
export const numberField = (fields: Fields, name: string): number | undefined => {
  const value = fields[name];
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
};

/** Of an array what is text. */
export const textsField = (fields: Fields, name: string): readonly string[] => {
  const value = fields[name];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
};

export const recordsField = (fields: Fields, name: string): readonly Fields[] => {
  const value = fields[name];
  return Array.isArray(value) ? value.filter(isFields) : [];
};

/** Bytes as JSON holds them: as text under `name` where they are UTF-8, otherwise in base64 under `nameBase64`. */
export const bytesFields = (name: string, bytes: ByteString): Record<string, string> => {
  const raw = bytesOf(bytes);
  try {
    return { [name]: strictDecoder.decode(raw) };
  } catch {
    return { [`${name}Base64`]: btoa(bytes) };
  }
};

export const bytesField = (fields: Fields, name: string): ByteString | undefined => {
  const text = textField(fields, name);
  if (text !== undefined) return byteStringOfBytes(encoder.encode(text));
  const base64 = textField(fields, `${name}Base64`);
  if (base64 === undefined || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return undefined;
  try {
    return byteStringOfLatin1(atob(base64));
  } catch {
    return undefined;
  }
};

/** JSON with a line feed behind it, in UTF-8: the same bytes for the same value. */
export const encodeJson = (value: unknown, indent = 0): Uint8Array =>
  encoder.encode(`${JSON.stringify(value, undefined, indent)}\n`);
