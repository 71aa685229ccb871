import { fchmodSync, fchownSync, futimesSync } from 'node:fs';
import { type ByteString } from '../model/byte-string.ts';
import type { ExtendedAttribute, Metadata, Nanoseconds } from '../model/entry.ts';
import { errnoCode } from './errno.ts';
import type { Posix } from './posix.ts';

/** What the running process may do to files. */
export interface Abilities {
  /** Owners, devices and the attributes of the system may be set. */
  readonly asRoot: boolean;
  readonly uid: number;
  /** Groups that a file of ours may be given. */
  readonly groups: ReadonlySet<number>;
  readonly posix: Posix | undefined;
}

/** What of an entry's metadata can be set here; crosses to the writer threads by structured clone. */
export interface AttainableMetadata {
  readonly mode: number;
  /** -1: stays who creates it. */
  readonly uid: number;
  /** -1: stays as it is created. */
  readonly gid: number;
  readonly atime: Nanoseconds;
  readonly mtime: Nanoseconds;
  readonly attributes: readonly ExtendedAttribute[];
}

/** Kinds of loss as `TargetReport.notRestored` counts them. */
export type Loss =
  | 'owner'
  | 'setuid'
  | 'mode'
  | 'time'
  | 'nanoseconds'
  | 'xattr'
  | 'acl'
  | 'hard-link'
  | 'device'
  | 'fifo'
  | 'socket'
  | 'irregular'
  /** A flag of a person's own, of which a mail folder has no more than it can name. */
  | 'keyword'
  /** A folder's list of UIDs. */
  | 'uid-list';

const noAttributes: readonly ExtendedAttribute[] = [];

/**
 * Splits what an entry should have into what can be set here and what is lost. A setuid or setgid bit is only given
 * together with the owner it was meant for: otherwise it would lend our own rights to whoever runs the file.
 */
export const attainableMetadata = (
  metadata: Metadata,
  abilities: Abilities,
  lost: (loss: Loss) => void,
): AttainableMetadata => {
  const { asRoot } = abilities;
  const ownerHolds = asRoot || metadata.uid === abilities.uid;
  const groupHolds = asRoot || abilities.groups.has(metadata.gid);
  if (!ownerHolds || !groupHolds) lost('owner');
  let { mode } = metadata;
  if (!ownerHolds) mode &= ~0o4000;
  if (!groupHolds) mode &= ~0o2000;
  if (mode !== metadata.mode) lost('setuid');
  if (abilities.posix === undefined && metadata.mtime % 1_000_000_000n !== 0n) lost('nanoseconds');
  return {
    mode,
    uid: asRoot ? metadata.uid : -1,
    gid: groupHolds ? metadata.gid : -1,
    atime: metadata.atime,
    mtime: metadata.mtime,
    attributes: attainableAttributes(metadata.extendedAttributes ?? noAttributes, abilities, lost),
  };
};

const attainableAttributes = (
  attributes: readonly ExtendedAttribute[],
  abilities: Abilities,
  lost: (loss: Loss) => void,
): readonly ExtendedAttribute[] => {
  if (attributes.length === 0) return noAttributes;
  const attainable = attributes.filter(
    ({ name }) => abilities.posix !== undefined && (abilities.asRoot || isOwnAttribute(name)),
  );
  const missing = attributes.filter((attribute) => !attainable.includes(attribute));
  for (const loss of new Set(missing.map(({ name }) => lossOf(name)))) lost(loss);
  return attainable;
};

/** Attributes that the owner of a file may set, and that we take away where the entry has none of this name. */
export const isOwnAttribute = (name: ByteString): boolean => name.startsWith('user.') || isAccessList(name);

const isAccessList = (name: ByteString): boolean => name.startsWith('system.posix_acl_');

const lossOf = (name: ByteString): Loss => (isAccessList(name) ? 'acl' : 'xattr');

export interface MetadataTask {
  /** Open file or directory. */
  readonly descriptor: number;
  /** Path of the same, for attributes; its last component is not followed. */
  readonly path: ByteString;
  readonly metadata: AttainableMetadata;
  /** Attributes that came by themselves (inherited access lists, those of an older version) may be there: remove them. */
  readonly tidy: boolean;
  /** What a file that was just made has by itself, so that it need not be told again. */
  readonly born?: NewFile;
}

/** How the system makes a file in some directory when we ask for a private one. */
export interface NewFile {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Sets the metadata of an open file or directory. Owner first, because that clears setuid; then the attributes, then
 * the mode (which is also the mask of an access list), then the times. What the file system refuses is returned as loss;
 * other failures are thrown.
 */
export const setMetadata = (task: MetadataTask, posix: Posix | undefined): readonly Loss[] => {
  const { descriptor, metadata, born } = task;
  const losses: Loss[] = [];
  let { mode } = metadata;
  if (changesOwner(metadata, born)) {
    const given = attempt(() => fchownSync(descriptor, metadata.uid, metadata.gid));
    if (!given) {
      losses.push('owner');
      mode &= ~0o6000;
    }
  }
  if (posix !== undefined) losses.push(...setAttributes(task, posix));
  // Attributes may hold an access list, which has its say about the mode.
  const asBorn = born?.mode === mode && !task.tidy && metadata.attributes.length === 0;
  if (!asBorn && !attempt(() => fchmodSync(descriptor, mode))) losses.push('mode');
  if (!attempt(() => setTimes(descriptor, metadata, posix))) losses.push('time');
  return losses;
};

const changesOwner = ({ uid, gid }: AttainableMetadata, born: NewFile | undefined): boolean =>
  (uid >= 0 && uid !== born?.uid) || (gid >= 0 && gid !== born?.gid);

const setTimes = (descriptor: number, times: AttainableMetadata, posix: Posix | undefined): void => {
  if (posix === undefined) futimesSync(descriptor, secondsOf(times.atime), secondsOf(times.mtime));
  else posix.setTimesOfOpenFile(descriptor, times);
};

/** Seconds as Node takes them; a quarter of a microsecond is lost. */
export const secondsOf = (time: Nanoseconds): number => Number(time) / 1e9;

/** The attributes alone, of whatever lies at the path. */
export const setAttributes = (
  { path, metadata, tidy }: Omit<MetadataTask, 'descriptor'>,
  posix: Posix,
): readonly Loss[] => {
  const losses: Loss[] = [];
  if (tidy) {
    const wanted = new Set(metadata.attributes.map(({ name }) => name));
    for (const name of posix.listAttributes(path)) {
      if (isOwnAttribute(name) && !wanted.has(name)) posix.removeAttribute(path, name);
    }
  }
  for (const { name, value } of metadata.attributes) {
    // ext4 says ENOSPC of attributes that do not fit its block: that is no full disk.
    const given = attempt(() => posix.writeAttribute(path, name, value ?? new Uint8Array(0)), ['ENOSPC', 'E2BIG']);
    if (!given && !losses.includes(lossOf(name))) losses.push(lossOf(name));
  }
  return losses;
};

const refused: readonly (string | undefined)[] = [
  'EPERM',
  'EACCES',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EINVAL',
  'ENOSYS',
  'ERANGE',
];

/** False when the file system or the system refused it as something it cannot hold. */
export const attempt = (work: () => void, more: readonly string[] = []): boolean => {
  try {
    work();
    return true;
  } catch (error) {
    const code = errnoCode(error);
    if (code !== undefined && (refused.includes(code) || more.includes(code))) return false;
    throw error;
  }
};
