import { Fault } from '../../model/fault.ts';

/** An entry of a listing; servers of version 1 of the protocol tell no sizes. */
export interface RestEntry {
  readonly name: string;
  readonly size: number | undefined;
}

const strange = (server: string): Fault =>
  new Fault('backend-misbehaved', `${server} answers with something that is no listing`, {
    hint: 'Is it a REST server for restic, and is the path right?',
  });

const entryOf = (value: unknown): RestEntry | undefined => {
  if (typeof value === 'string') return { name: value, size: undefined };
  if (typeof value !== 'object' || value === null || !('name' in value) || !('size' in value)) return undefined;
  const { name, size } = value;
  return typeof name === 'string' && typeof size === 'number' ? { name, size } : undefined;
};

/** What a server says lies in a folder: `[{"name":…,"size":…}]`, or in version 1 `["name"]`; `null` is none. */
export const parseListing = (text: string, server: string): readonly RestEntry[] => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw strange(server);
  }
  if (value === null) return [];
  if (!Array.isArray(value)) throw strange(server);
  return value.map((each) => {
    const entry = entryOf(each);
    if (entry === undefined) throw strange(server);
    return entry;
  });
};
