import { plural } from './plural.ts';

export const copyMessages = {
  snapshotCopied: (from: string, copy: string | undefined, there: string): string =>
    copy === undefined ? `snapshot ${from} is there already, as ${there}` : `snapshot ${from} copied as ${copy}`,
  copyDone: (snapshots: number, blobs: number, bytes: string): string =>
    `${plural(snapshots, 'snapshot', 'snapshots')} copied, ${plural(blobs, 'new blob', 'new blobs')}, ${bytes} written`,
};
