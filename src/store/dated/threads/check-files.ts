import { byteStringOfLatin1 } from '../../../model/byte-string.ts';
import { parseChecksumLine } from '../../../model/checksum-line.ts';
import { errnoCode } from '../../../system/errno.ts';
import { type FileReader, hashFile, Stopped } from '../../../system/hash-file.ts';
import type { CheckDamage, CheckJob, CheckReply } from './page-job.ts';

export interface CheckingTools {
  readonly reader: FileReader;
  readonly stopped: () => boolean;
  /** Lets memory go of an open file; undefined where the system cannot be asked. */
  readonly forget: ((descriptor: number) => void) | undefined;
}

/** Hashes what a list of checksums names, and tells what differs. */
export const checkFiles = (
  { root, lines, fromDisk = false }: CheckJob,
  { reader, stopped, forget }: CheckingTools,
): CheckReply => {
  const damages: CheckDamage[] = [];
  let bytes = 0;
  for (const text of lines) {
    if (stopped()) throw new Stopped();
    const line = parseChecksumLine(text);
    if (line === undefined) {
      damages.push({ path: text, kind: 'no line', code: '' });
      continue;
    }
    const { sha256, path } = line;
    try {
      const hashed = hashFile(byteStringOfLatin1(`${root}${path}`), reader, fromDisk ? forget : undefined);
      if (hashed?.sha256 !== sha256) damages.push({ path, kind: 'differs', code: '' });
      bytes += hashed?.bytes ?? 0;
    } catch (error) {
      if (error instanceof Stopped) throw error;
      const code = errnoCode(error) ?? '';
      if (code === '') throw error;
      const missing = code === 'ENOENT' || code === 'ENOTDIR';
      damages.push({ path, kind: missing ? 'missing' : code === 'ELOOP' ? 'differs' : 'unreadable', code });
    }
  }
  return { kind: 'check', damages, files: lines.length, bytes };
};
