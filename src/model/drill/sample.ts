/** How much of the mail a drill restores. */
export type SampleWish =
  | { readonly kind: 'all' }
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'messages'; readonly messages: number };

/** `5%`, `0.5%` or `2000` messages; undefined when it is neither. */
export const parseSample = (text: string): SampleWish | undefined => {
  const percent = /^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(text.trim())?.[1];
  if (percent !== undefined) {
    const share = Number(percent) / 100;
    return share > 0 && share <= 1 ? { kind: 'share', share } : undefined;
  }
  const messages = /^\d{1,9}$/.test(text.trim()) ? Number(text) : 0;
  return messages > 0 ? { kind: 'messages', messages } : undefined;
};

/** As `parseSample` reads it. */
export const sampleText = (wish: Exclude<SampleWish, { readonly kind: 'all' }>): string =>
  wish.kind === 'share' ? `${wish.share * 100}%` : String(wish.messages);

/** The share of messages that a wish comes to, where there are so many. */
export const shareOf = (wish: SampleWish, all: number): number => {
  if (wish.kind === 'all' || all === 0) return 1;
  return wish.kind === 'share' ? wish.share : Math.min(1, wish.messages / all);
};

/** FNV-1a with a final mix (murmur3's), so that names that differ in a digit fall apart. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};

/** Whether a message belongs to the sample; `salt` makes the samples of two drills differ. */
export const isSampled = (name: string, { share, salt }: { readonly share: number; readonly salt: string }): boolean =>
  share >= 1 || hashOf(`${salt}/${name}`) < share * 0x1_0000_0000;
