import type { ByteRange, ObjectHandle, ObjectKind } from '../contract/backend.ts';
import { Fault } from '../model/fault.ts';

const pattern = /^[0-9a-f]{64}$/;

/** Whether objects of this kind can bear this name; everything else in a listing is strange. */
export const isObjectName = (kind: ObjectKind, name: string): boolean =>
  kind === 'config' ? name === '' : pattern.test(name);

/** An object as people know it: `config`, `pack 0123456789`. */
export const describeObject = ({ kind, name }: ObjectHandle): string =>
  kind === 'config' ? 'config' : `${kind} ${name.slice(0, 10)}`;

/** Refuses a name that could lead elsewhere, such as `../x`. It is a defect of the caller. */
export const checkHandle = (handle: ObjectHandle): void => {
  if (isObjectName(handle.kind, handle.name)) return;
  throw new Fault('internal', `${JSON.stringify(handle.name)} cannot be the name of a ${handle.kind}`, {
    hint: 'This is a defect in Mailkeep; please report it.',
  });
};

/** Refuses a range that is none. It is a defect of the caller. */
export const checkRange = (range: ByteRange | undefined): void => {
  if (range === undefined) return;
  const { start, length } = range;
  if (Number.isSafeInteger(start) && Number.isSafeInteger(length) && start >= 0 && length >= 0) return;
  throw new Fault('internal', `${length} bytes from ${start} is no range`, {
    hint: 'This is a defect in Mailkeep; please report it.',
  });
};

export const objectMissing = (handle: ObjectHandle, cause?: unknown): Fault =>
  new Fault('object-missing', `${describeObject(handle)} is not in the repository`, {
    context: { kind: handle.kind, name: handle.name },
    ...(cause === undefined ? {} : { cause }),
  });

export const objectExists = (handle: ObjectHandle, cause?: unknown): Fault =>
  new Fault('object-exists', `${describeObject(handle)} is in the repository already`, {
    context: { kind: handle.kind, name: handle.name },
    ...(cause === undefined ? {} : { cause }),
  });

/** For storage that gave fewer bytes than asked for. */
export const tooShort = (handle: ObjectHandle, wanted: number, got: number): Fault =>
  new Fault('backend-misbehaved', `${describeObject(handle)} ended after ${got} of ${wanted} bytes`, {
    hint: 'Run check: this object may be damaged.',
    context: { kind: handle.kind, name: handle.name, wanted, got },
  });
