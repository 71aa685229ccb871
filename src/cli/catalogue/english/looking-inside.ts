import { plural } from './plural.ts';

/** Of the commands that only read. */
export const lookingInsideMessages = {
  snapshotColumns: () => ({ id: 'ID', time: 'Time', host: 'Host', tags: 'Tags', paths: 'Paths', size: 'Size' }),
  snapshotGroup: (host: string | undefined, tags: string | undefined, paths: string | undefined): string => {
    const parts = [
      ...(host === undefined ? [] : [`host ${host}`]),
      ...(tags === undefined ? [] : [`tags [${tags}]`]),
      ...(paths === undefined ? [] : [`paths [${paths}]`]),
    ];
    return `snapshots of ${parts.join(', ')}:`;
  },
  snapshotCount: (count: number, zone: string): string =>
    `${plural(count, 'snapshot', 'snapshots')}; times are those of ${zone}`,
  listingOf: (id: string, time: string, host: string, paths: string): string =>
    `snapshot ${id} of ${time}, ${host}: ${paths}`,

  statisticsLabels: () => ({
    snapshots: 'snapshots:     ',
    files: 'files:         ',
    blobs: 'blobs:         ',
    size: 'size:          ',
    uncompressed: 'uncompressed:  ',
    compression: 'compression:   ',
  }),
  compressionShares: (ratio: string, progress: string, saving: string): string =>
    `${ratio} times smaller; ${progress} % of the data is compressed; ${saving} % saved`,

  comparing: (before: string, after: string): string => `from snapshot ${before} to ${after}:`,
  filesDiffer: (added: number, removed: number, changed: number): string =>
    `files:    ${added} new, ${removed} removed, ${changed} changed`,
  foldersDiffer: (added: number, removed: number): string => `folders:  ${added} new, ${removed} removed`,
  othersDiffer: (added: number, removed: number): string => `others:   ${added} new, ${removed} removed`,
  blobsDiffer: (added: number, removed: number): string => `blobs:    ${added} new, ${removed} removed`,
  bytesDiffer: (added: string, removed: string): string => `data:     ${added} new, ${removed} removed`,

  foundIn: (id: string, time: string): string => `in snapshot ${id} of ${time}:`,
  nothingFound: (): string => 'nothing found',
  messagesFound: (count: number): string => `${plural(count, 'message', 'messages')} found`,

  tooManyKeywords: (folder: string, count: number): string =>
    `${folder} has ${count} keywords, and the files of a Maildir can name 26: the others stay in the snapshot only`,

  leftOutOfArchive: (count: number): string =>
    `${plural(count, 'entry', 'entries')} of a kind that the archive cannot hold ${count === 1 ? 'was' : 'were'} left out`,
  renamedInArchive: (count: number): string =>
    `${plural(count, 'name', 'names')} that ${count === 1 ? 'is' : 'are'} no UTF-8 got \\xNN for such bytes; tar keeps them exact`,
};
