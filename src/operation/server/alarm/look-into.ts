import type { ListedEntry } from '../../../contract/component.ts';
import type { Run } from '../../../contract/run.ts';
import type { Base, BaseEntry } from '../../../contract/source.ts';
import { isOddMessage, oddLookBytes } from '../../../mail/odd-message.ts';

type Opened = Pick<Base, 'contents'>;

/** How many messages are looked at, spread over all; larger ones are not. */
const sampled = 200;
const largest = 16 << 20;

const sampleOf = <One>(all: readonly One[], most: number): readonly One[] => {
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, at) => all[Math.floor((at * all.length) / most)]).filter(
    (one) => one !== undefined,
  );
};

export interface OddLook {
  readonly odd: number;
  readonly of: number;
}

/** How many of some messages are no mail. */
export const countOdd = async (opened: Opened, fresh: readonly ListedEntry[], run: Run): Promise<OddLook> => {
  const sample = sampleOf(
    fresh.filter(({ entry }) => entry.size <= largest),
    sampled,
  );
  let odd = 0;
  for (const entry of sample) {
    const beginning: Uint8Array[] = [];
    let length = 0;
    for await (const bytes of bytesOfEntry(opened, entry, run)) {
      if (length < oddLookBytes) beginning.push(Uint8Array.from(bytes.subarray(0, oddLookBytes - length)));
      length += bytes.length;
    }
    if (isOddMessage(Buffer.concat(beginning))) odd++;
  }
  return { odd, of: sample.length };
};

/** The bytes of a file in order; each stretch is to be used before the next is asked for. */
export async function* bytesOfEntry(opened: Opened, entry: BaseEntry, run: Run): AsyncGenerator<Uint8Array> {
  for await (const { bytes, pieces } of opened.contents([entry], run)) {
    for (const { start, length } of pieces) yield bytes.subarray(start, start + length);
  }
}

/** The lines of a file as latin1; one that is longer than this is cut. */
const longestLine = 1 << 16;

export async function* linesOfEntry(opened: Opened, entry: BaseEntry, run: Run): AsyncGenerator<readonly string[]> {
  let rest = '';
  for await (const bytes of bytesOfEntry(opened, entry, run)) {
    const lines = `${rest}${Buffer.from(bytes).toString('latin1')}`.split('\n');
    rest = (lines.pop() ?? '').slice(0, longestLine);
    yield lines;
  }
  if (rest !== '') yield [rest];
}
