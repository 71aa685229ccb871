import type { ByteString } from '../../model/byte-string.ts';
import type { Path } from '../../model/entry.ts';
import { joinedPath } from './target-name.ts';

/** What a plan decided for one entry. The place in the list is the code that is kept. */
const actions = [
  /** Equal, or left because of the overwrite policy. */
  'leave',
  'create',
  'overwrite',
  /** Content as it should be, metadata not. */
  'amend',
  'refuse',
  /** Not asked for. */
  'skip',
  /** The platform cannot hold it. */
  'unsupported',
] as const;
export type Action = (typeof actions)[number];

/** What was decided for one directory and for what lies directly in it. */
export interface DirectoryDecisions {
  /** For the directory itself. */
  readonly own: Action;
  /** To be asked in the order in which the plan was made; undefined for a name that the plan does not know. */
  of(name: ByteString): Action | undefined;
}

/**
 * The decisions of a plan: five bytes an entry and about a hundred a directory, so that a plan for a million entries
 * takes a few megabytes. Names are kept as a 32-bit hash: enough to notice a source that changed since.
 */
export interface PlanRecord {
  add(name: ByteString, action: Action): void;
  /** Closes the directory whose children were added last. */
  end(path: Path, own: Action): void;
  directory(path: Path): DirectoryDecisions | undefined;
}

export const createPlanRecord = (): PlanRecord => {
  let codes = new Uint8Array(1024);
  let hashes = new Uint32Array(1024);
  let length = 0;
  let start = 0;
  const directories = new Map<string, { readonly start: number; readonly end: number; readonly own: Action }>();
  return {
    add: (name, action) => {
      if (length === codes.length) {
        codes = grown(codes, new Uint8Array(length * 2));
        hashes = grown(hashes, new Uint32Array(length * 2));
      }
      codes[length] = actions.indexOf(action);
      hashes[length++] = hashOf(name);
    },
    end: (path, own) => {
      directories.set(joinedPath(path), { start, end: length, own });
      start = length;
    },
    directory: (path) => {
      const directory = directories.get(joinedPath(path));
      if (directory === undefined) return undefined;
      let next = directory.start;
      return {
        own: directory.own,
        of: (name) => {
          const found = hashes.subarray(0, directory.end).indexOf(hashOf(name), next);
          if (found < 0) return undefined;
          next = found + 1;
          return actions[codes[found] ?? 0];
        },
      };
    },
  };
};

const grown = <Numbers extends Uint8Array | Uint32Array>(old: Numbers, larger: Numbers): Numbers => {
  larger.set(old);
  return larger;
};

/** FNV-1a. */
const hashOf = (name: ByteString): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
};
