const [lineFeed, greater] = [0x0a, 0x3e];
const from = [0x46, 0x72, 0x6f, 0x6d, 0x20];

/**
 * `add`: mboxrd, a `>` before every line of `>`s and `From `. `remove`: the other way round. Pieces may be cut anywhere; what a
 * line begins with is held back until it is clear.
 */
export const createQuoting = (direction: 'add' | 'remove') => {
  let held: number[] = [];
  /** Within a line whose beginning is decided. */
  let decided = false;

  const push = (bytes: Uint8Array): Uint8Array => {
    const out = new Uint8Array(held.length + 2 * bytes.length + 1);
    let length = 0;
    const release = (): void => {
      for (const byte of held) out[length++] = byte;
      held = [];
    };
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0;
      if (decided) {
        const end = bytes.indexOf(lineFeed, at);
        const stop = end < 0 ? bytes.length : end + 1;
        out.set(bytes.subarray(at, stop), length);
        length += stop - at;
        at = stop - 1;
        decided = end < 0;
        continue;
      }
      held.push(byte);
      const quotes = held.findIndex((one) => one !== greater);
      const rest = quotes < 0 ? [] : held.slice(quotes);
      const isFrom = rest.every((one, place) => one === from[place]);
      if (isFrom && rest.length < from.length) continue;
      if (isFrom && direction === 'add') out[length++] = greater;
      if (isFrom && direction === 'remove' && quotes > 0) held.shift();
      release();
      decided = byte !== lineFeed;
    }
    return out.subarray(0, length);
  };

  return {
    push,
    /** What was held back at the end. */
    end(): Uint8Array {
      const rest = Uint8Array.from(held);
      held = [];
      decided = false;
      return rest;
    },
  };
};
