import type { ExportedMessage, ExportReport } from '../../contract/exported-mail.ts';
import type { Run } from '../../contract/run.ts';
import { byteStringOfText } from '../../model/byte-string.ts';
import { identityOf } from '../../mail/maildir-name.ts';
import type { ArchiveEntry, ArchiveSink } from '../archive/archive-entry.ts';
import { writeZip } from '../archive/zip.ts';

const safe = (text: string): string => text.replace(/[\x00-\x1f\x7f\\:*?"<>|]/g, '_');

/** Folders as people know them, in them a file a message, `0001 NAME.eml`, with its date. */
export const writeEmlArchive = async (
  messages: AsyncIterable<ExportedMessage>,
  sink: ArchiveSink,
  run: Run,
): Promise<ExportReport> => {
  let [count, total] = [0, 0];
  const numbers = new Map<string, number>();
  async function* entries(): AsyncGenerator<ArchiveEntry, void> {
    for await (const { mailbox, name, entry, bytes } of messages) {
      const number = (numbers.get(mailbox.name) ?? 0) + 1;
      numbers.set(mailbox.name, number);
      const file = `${String(number).padStart(6, '0')} ${identityOf(name).replace(/,.*/, '')}.eml`;
      const folder = mailbox.name
        .split('/')
        .map((level) => safe(level).replace(/^\.+$/, '_'))
        .join('/');
      yield { path: byteStringOfText(`${folder}/${safe(file)}`), entry: { ...entry, mode: 0o600 }, bytes };
      count++;
      total += entry.size;
      run.emit({ kind: 'progress', files: count, bytes: total, current: name });
    }
  }
  await writeZip(entries(), sink, run);
  return { messages: count, bytes: total, left: 0 };
};
