import { randomBytes } from 'node:crypto';
import { byteStringOfText, type ByteString } from '../../../model/byte-string.ts';
import { datedFolder, type DatedName, datedPlace, parseDatedFolder } from '../../../model/dated-name.ts';

/*
 * What lies where below the root of a dated disk. Hidden names: `.partial-` is being made, `.failed-` did not pass its check,
 * `.replaced-` was there before a backup of the same name took its place, `.held-` likewise, and stays while a hold stands on it;
 * `.removed-` is on its way out.
 */

export const ownFolder = '.mailkeep';
export const lockName = `${ownFolder}/lock`;
export const evidenceFolder = `${ownFolder}/evidence`;
/** Notes of holds: nothing is ever taken away from it. */
export const holdsFolder = `${ownFolder}/holds`;
/** Marks of those who restore from a backup. */
export const readersFolder = `${ownFolder}/readers`;
export const latestName = 'latest';
export const metadataName = 'backup-metadata.json';

/** In each backup. */
export const checksumsList = 'checksums.sha256';
export const logName = 'backup.log';
export const descriptionName = `${ownFolder}/backup.json`;
/** The checksum of that, as coreutils checks it. */
export const sealName = `${descriptionName}.sha256`;
/** Only while it is being made: who makes it. */
export const processName = `${ownFolder}/process`;

/** Begins the name of a file that is about to take the place of a bad one. */
export const mendPrefix = '.mailkeep-mend-';

export type HiddenKind = 'partial' | 'failed' | 'replaced' | 'held' | 'removed';

/** Its place below the root, on the same file system as the backup's own. One that failed has a name that can be foreseen. */
export const hiddenPlace = (kind: HiddenKind, name: DatedName): string => {
  const mark = kind === 'failed' ? '' : `.${randomBytes(6).toString('hex')}`;
  return `${name.kind}/.${kind}-${datedFolder(name)}${mark}`;
};

export interface HiddenName {
  readonly kind: HiddenKind;
  readonly name: DatedName;
}

/** Reads a hidden name of `daily` or `weekly`; undefined for what is none of ours. */
export const parseHidden = (folder: DatedName['kind'], text: string): HiddenName | undefined => {
  const [, kind, rest] = /^\.(partial|failed|replaced|held|removed)-([^.]+)(?:\.[\da-f]{12})?$/.exec(text) ?? [];
  const name = rest === undefined ? undefined : parseDatedFolder(folder, rest);
  if (name === undefined) return undefined;
  return kind === 'partial' || kind === 'failed' || kind === 'replaced' || kind === 'held' || kind === 'removed'
    ? { kind, name }
    : undefined;
};

/** One file name for each backup: `daily-2025-11-07`. */
export const flatName = (name: DatedName): string => `${name.kind}-${datedFolder(name)}`;

/** The root as bytes, and places below it. */
export interface DiskPlaces {
  readonly root: string;
  bytes(place: string): ByteString;
  path(place: string): string;
  backup(name: DatedName): string;
}

export const placesBelow = (root: string): DiskPlaces => ({
  root,
  bytes: (place) => byteStringOfText(`${root}/${place}`),
  path: (place) => `${root}/${place}`,
  backup: (name) => `${root}/${datedPlace(name)}`,
});
