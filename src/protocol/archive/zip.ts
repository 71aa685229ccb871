import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { type Run, throwIfInterrupted } from '../../contract/run.ts';
import { displayText } from '../../model/byte-string.ts';
import { Fault } from '../../model/fault.ts';
import type { ArchiveEntry, ArchiveSink } from './archive-entry.ts';

/**
 * Writes a zip archive: folders, files and symlinks with mode and time; names as UTF-8, so that one that is not is
 * written with `\xNN` and counted. Devices and the like are left out. Rejects with what the entries or the sink threw.
 */
export const writeZip = async (
  entries: AsyncIterable<ArchiveEntry>,
  sink: ArchiveSink,
  run: Run,
): Promise<{ readonly leftOut: number; readonly renamed: number }> => {
  const archive = new ZipFile();
  const { outputStream } = archive;
  const output = outputStream instanceof Readable ? outputStream : Readable.from(outputStream);
  archive.on('error', (error: Error) => output.destroy(error));
  const consumed = consume(output, sink);
  let [leftOut, renamed] = [0, 0];
  const produce = async (): Promise<void> => {
    try {
      for await (const item of entries) {
        throwIfInterrupted(run);
        const bytes = Buffer.from(item.path, 'latin1');
        if (!Buffer.from(bytes.toString()).equals(bytes)) renamed++;
        if (!(await addEntry(archive, item, consumed))) leftOut++;
      }
      archive.end();
    } catch (error) {
      output.destroy(asError(error));
      throw error;
    }
  };
  const [ended, made] = await Promise.allSettled([consumed, produce()]);
  // When both failed, one made the other fail: a fault of ours says more than a stream that was destroyed.
  const reasons = [made, ended].flatMap((result) => (result.status === 'rejected' ? [asError(result.reason)] : []));
  const reason = reasons.find((error) => error instanceof Fault) ?? reasons[0];
  if (reason !== undefined) throw reason;
  return { leftOut, renamed };
};

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

const consume = async (output: Readable, sink: ArchiveSink): Promise<void> => {
  for await (const chunk of output) if (chunk instanceof Uint8Array) await sink(chunk);
};

const directoryMode = 0o040000;
const fileMode = 0o100000;
const symlinkMode = 0o120000;

/** Years that a zip can name are 1980 to 2107. */
const timeOf = (milliseconds: number): Date =>
  new Date(Math.min(Math.max(milliseconds, Date.UTC(1980, 0, 2)), Date.UTC(2107, 0, 1)));

/** Resolves when the entry's bytes were taken; rejects, too, when nobody takes the archive's any more. */
const addEntry = async (
  archive: ZipFile,
  { path, entry, bytes }: ArchiveEntry,
  consumed: Promise<void>,
): Promise<boolean> => {
  const name = displayText(path).replaceAll('\\', '_');
  const mtime = timeOf(Number(entry.mtime / 1_000_000n));
  if (entry.type === 'directory') {
    archive.addEmptyDirectory(name, { mtime, mode: directoryMode | entry.mode });
    return true;
  }
  if (entry.type === 'symlink') {
    const target = Buffer.from(entry.linkTarget ?? '', 'latin1');
    archive.addBuffer(target, name, { mtime, mode: symlinkMode | 0o777, compress: false });
    return true;
  }
  if (entry.type !== 'file') return false;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stream = Readable.from(bytes, { objectMode: false });
  stream.on('end', resolve).on('error', reject).on('close', resolve);
  archive.addReadStreamLazy(name, { mtime, mode: fileMode | entry.mode, size: entry.size }, (give) =>
    give(undefined, stream),
  );
  try {
    await Promise.race([promise, consumed]);
  } finally {
    stream.destroy();
  }
  return true;
};
