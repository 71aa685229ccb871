import { byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';

/** Where in a backup's folder the manifests lie, each in a folder of its component's name. */
export const manifestsFolder = '.mailkeep/manifest';

/** Where in a backup's folder the manifest of a component lies. */
export const manifestFolder = (component: string): string => `${manifestsFolder}/${component}`;

export const entriesName = 'entries.zst';
export const foldersName = 'folders.zst';
/** While a component is captured: the lines that go into `checksums.sha256`, and those of files that were written anew. */
export const checksumsName = 'checksums';
export const writtenName = 'written';

export const within = (folder: ByteString | string, name: string): ByteString =>
  byteStringOfLatin1(`${folder}/${name}`);
