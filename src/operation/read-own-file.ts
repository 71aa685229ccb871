import type { BrowsableSnapshot, StoredChild } from '../contract/browse.ts';
import type { Run } from '../contract/run.ts';

const largestOwnFile = 64 * 1024 * 1024;

/**
 * A file of ours from a snapshot, whole. What claims to be larger than any of them is read as far as they may reach, and is
 * then no JSON.
 */
export const readOwnFile = async (snapshot: BrowsableSnapshot, child: StoredChild, run: Run): Promise<Uint8Array> => {
  const content = await snapshot.open(child.content, run);
  const whole = new Uint8Array(Math.min(content.size, largestOwnFile));
  let at = 0;
  for await (const bytes of content.read(0, whole.length, run)) {
    whole.set(bytes.subarray(0, whole.length - at), at);
    at += bytes.length;
  }
  return whole;
};
