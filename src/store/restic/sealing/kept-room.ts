/**
 * What is enough for most mail, for the longest chunk of a file and what is added to it, and for the longest index that is kept
 * room for. In few steps: what is left behind by each stays until the collector comes, and memory that is never written
 * costs nothing.
 */
const steps = [65_536, 8 * 1_048_576 + 65_536, 16 * 1_048_576];

/** Room for one result at a time, used again by the next call, of at least so many bytes; what is larger is made for one call. */
export const createRoom = (): ((length: number) => Uint8Array) => {
  let kept = new Uint8Array(0);
  return (length) => {
    if (length <= kept.length) return kept;
    const step = steps.find((size) => length <= size);
    if (step === undefined) return new Uint8Array(length);
    kept = new Uint8Array(step);
    return kept;
  };
};
