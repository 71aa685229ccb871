import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { Fault } from '../../model/fault.ts';
import { tarEnd, tarHeader, tarPadding } from '../../model/tar-format.ts';
import type { ArchiveEntry, ArchiveSink } from './archive-entry.ts';

/**
 * Writes a tar archive in the pax format, entry by entry. Sockets, which tar cannot hold, are left out. Rejects with what the
 * entries or the sink threw.
 */
export const writeTar = async (
  entries: AsyncIterable<ArchiveEntry>,
  sink: ArchiveSink,
  run: Run,
): Promise<{ readonly leftOut: number }> => {
  let leftOut = 0;
  for await (const item of entries) {
    throwIfInterrupted(run);
    const header = tarHeader(item.entry, item.path);
    if (header === undefined) leftOut++;
    else await writeEntry(item, header, sink);
  }
  await sink(tarEnd());
  return { leftOut };
};

const writeEntry = async ({ entry, bytes }: ArchiveEntry, header: Uint8Array, sink: ArchiveSink): Promise<void> => {
  const size = entry.type === 'file' ? entry.size : 0;
  await sink(header);
  let written = 0;
  if (size > 0) {
    for await (const chunk of bytes) {
      await sink(chunk);
      written += chunk.length;
    }
  }
  if (written !== size) throw new Fault('internal', 'an entry of an archive had not as many bytes as was said');
  const padding = tarPadding(size);
  if (padding.length > 0) await sink(padding);
};
