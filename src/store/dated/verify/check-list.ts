import type { DatedDamage } from '../../../contract/component.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import { byteStringOfLatin1, type ByteString, displayText } from '../../../model/byte-string.ts';
import { Fault } from '../../../model/fault.ts';
import { linesOf } from '../disk/write-list.ts';
import type { DiskPool } from '../threads/disk-pool.ts';
import type { CheckDamage } from '../threads/page-job.ts';

const linesAtOnce = 200;

export interface ListCheck {
  /** The backup, absolute. */
  readonly folder: ByteString;
  /** The list of checksums, absolute. */
  readonly list: ByteString;
  readonly pool: DiskPool;
  /** Which of its lines; by default all. */
  readonly wanted?: (line: string) => boolean;
}

/** Re-hashes what a list of checksums names. */
export const checkList = async (
  { folder, list, pool, wanted }: ListCheck,
  run: Run,
): Promise<readonly DatedDamage[]> => {
  const damages: DatedDamage[] = [];
  const checks: Promise<void>[] = [];
  let [files, bytes] = [0, 0];
  for (const all of linesOf(list, linesAtOnce)) {
    throwIfInterrupted(run);
    const lines = wanted === undefined ? all : all.filter(wanted);
    if (lines.length === 0) continue;
    await pool.room();
    const check = pool.check({ root: `${folder}/`, lines }).then((reply) => {
      for (const damage of reply.damages) damages.push(damageOf(damage));
      files += reply.files;
      bytes += reply.bytes;
      run.emit({ kind: 'progress', files, bytes });
    });
    // Awaited below; a failure must not count as unhandled until then.
    check.catch(() => undefined);
    checks.push(check);
  }
  await Promise.all(checks);
  return damages;
};

const sentences: Readonly<Record<CheckDamage['kind'], string>> = {
  missing: 'is missing',
  differs: 'does not hold what was written',
  unreadable: 'cannot be read',
  'no line': 'is no line of a list of checksums',
};

const damageOf = ({ path, kind, code }: CheckDamage): DatedDamage => {
  const bytes = byteStringOfLatin1(path);
  const reason = code === '' || kind === 'missing' ? '' : ` (${code})`;
  return {
    path: bytes,
    fault: new Fault('verification-failed', `${displayText(bytes)} ${sentences[kind]}${reason}`, {
      hint: 'Take another backup, and look at the health of the disk.',
      context: { path: displayText(bytes) },
    }),
  };
};
