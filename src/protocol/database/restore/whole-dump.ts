import { dumpEndingBytes, dumpEndingOf } from '../../../model/dump-ending.ts';
import { Fault } from '../../../model/fault.ts';

/** Passes a dump on, and ends with a Fault when it does not end as a whole one. */
export async function* wholeDump(name: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let ending = '';
  for await (const part of bytes) {
    ending = (ending + Buffer.from(part.subarray(-dumpEndingBytes)).toString('latin1')).slice(-dumpEndingBytes);
    yield part;
  }
  if (dumpEndingOf(name, ending) !== 'cut') return;
  throw new Fault('entry-unreadable', `the dump ${name} is cut: its last line is not there`, {
    hint: 'Restore from another backup.',
  });
}
