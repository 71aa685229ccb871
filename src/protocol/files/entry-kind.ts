import { type ByteString, displayText } from '../../model/byte-string.ts';
import type { Metadata } from '../../model/entry.ts';
import { Fault } from '../../model/fault.ts';
import type { CaptureContext } from './capture-context.ts';

/** What can stand in a listing as it is; undefined for what no snapshot keeps. */
export const capturable = (
  context: CaptureContext,
  file: ByteString,
  metadata: Metadata,
): Metadata | Fault | undefined => {
  const where = { context: { path: displayText(file) } };
  switch (metadata.type) {
    case 'socket':
      // As in restic: nothing could be done with it after a restore.
      context.leftOut.sockets++;
      return undefined;
    case 'directory':
      return new Fault('scan-unsettled', `${displayText(file)} became a folder while it was looked at`, {
        retry: true,
        ...where,
      });
    case 'irregular':
      return new Fault('entry-unsupported', `${displayText(file)} is of a kind that cannot be kept`, where);
    case 'file':
    case 'symlink':
    case 'fifo':
    case 'block-device':
    case 'character-device':
      return metadata;
  }
};
