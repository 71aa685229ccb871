import type { ByteString } from '../../model/byte-string.ts';
import { byteStringOfLatin1 } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';

/** Names joined by `/`, as events and plans show them; '' is the root. */
export const joinedPath = (path: Path): ByteString => byteStringOfLatin1(path.join('/'));

export const childPath = (directory: ByteString, name: ByteString): ByteString =>
  directory === '' ? name : byteStringOfLatin1(`${directory}/${name}`);

/**
 * Why a name must not be used below the target, or undefined when it is one ordinary name. A tree is foreign data:
 * a damaged or hostile one may hold any bytes as a name.
 */
export const refusalOfName = (name: ByteString): Fault | undefined => {
  if (name === '') return unsafe('an entry without a name');
  if (name === '.' || name === '..') return unsafe(`an entry with the name "${name}"`);
  if (name.includes('/')) return unsafe('an entry whose name holds a slash');
  if (name.includes('\0')) return unsafe('an entry whose name holds a zero byte');
  return undefined;
};

export const refusalOfPath = (path: Path): Fault | undefined => {
  for (const name of path) {
    const refusal = refusalOfName(name);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
};

const unsafe = (what: string): Fault =>
  new Fault('target-unsafe', `${what} could lead outside the target and is not restored`, {
    hint: 'No backup program writes such a name: the snapshot is damaged or was made to do harm. Check the repository.',
  });

/** What lies in the way, as the reason why something is not restored. */
export const occupied = (what: string): Fault =>
  new Fault('target-occupied', `${what} is in the way`, {
    hint: 'Move it away, or restore into another directory.',
  });

const temporaryPrefix = '.mailkeep-restore';
const temporaryPattern = /^\.mailkeep-restore-(\d+)-[0-9a-z]+-\d+$/;

/** Names under which files are written until they are whole: `.mailkeep-restore-PID-RUN-NUMBER`. */
export const createTemporaryNames = (processId: number, token: string): (() => ByteString) => {
  let number = 0;
  return () => byteStringOfLatin1(`${temporaryPrefix}-${processId}-${token}-${++number}`);
};

/** The process that wrote under this temporary name; undefined for any other name. */
export const ownerOfTemporaryName = (name: string): number | undefined => {
  const match = temporaryPattern.exec(name);
  return match === null ? undefined : Number(match[1]);
};
