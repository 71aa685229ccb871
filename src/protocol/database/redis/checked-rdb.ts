import { Fault } from '../../../model/fault.ts';

/** CRC-64 with the polynomial of Jones, reflected, as Redis has it (src/crc64.c says 0xad93d23594c935a9). */
const polynomial = [0x95ac9329, 0xac4bc9b5] as const;

const [tableHigh, tableLow] = (() => {
  const highs = new Uint32Array(256);
  const lows = new Uint32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let [high, low] = [0, byte];
    for (let bit = 0; bit < 8; bit++) {
      const carry = low & 1;
      low = ((low >>> 1) | (high << 31)) >>> 0;
      high >>>= 1;
      if (carry === 0) continue;
      high = (high ^ polynomial[0]) >>> 0;
      low = (low ^ polynomial[1]) >>> 0;
    }
    highs[byte] = high;
    lows[byte] = low;
  }
  return [highs, lows];
})();

class Checksum {
  #high = 0;
  #low = 0;

  add(bytes: Uint8Array): void {
    let [high, low] = [this.#high, this.#low];
    for (const byte of bytes) {
      const at = (low ^ byte) & 0xff;
      low = (((low >>> 8) | (high << 24)) ^ (tableLow[at] ?? 0)) >>> 0;
      high = ((high >>> 8) ^ (tableHigh[at] ?? 0)) >>> 0;
    }
    [this.#high, this.#low] = [high, low];
  }

  /** Whether these eight bytes, the lowest first, are it; all zero where the server writes none. */
  isIn(bytes: Uint8Array): boolean {
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
    const [low, high] = [view.getUint32(0, true), view.getUint32(4, true)];
    return (low === 0 && high === 0) || (low === this.#low && high === this.#high);
  }
}

const checksumBytes = 8;

/** Passes a file of Redis on, and ends with a Fault unless it begins and ends as one, with the right checksum. */
export async function* checkedRdb(bytes: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Uint8Array, void> {
  const checksum = new Checksum();
  let kept = new Uint8Array(0);
  let beginning = '';
  for await (const part of bytes) {
    if (beginning.length < 5) beginning += Buffer.from(part.subarray(0, 5)).toString('latin1');
    const all = kept.length === 0 ? part : Buffer.concat([kept, part]);
    const summed = Math.max(0, all.length - checksumBytes);
    checksum.add(all.subarray(0, summed));
    kept = new Uint8Array(all.subarray(summed));
    yield part;
  }
  const isWhole = beginning.startsWith('REDIS') && kept.length === checksumBytes && checksum.isIn(kept);
  if (isWhole) return;
  throw new Fault('entry-unreadable', `the file ${file} is no whole file of Redis`, {
    hint: 'Look at the log of the server, and whether another program writes this file.',
    retry: true,
  });
}
