import type { Machine } from '../contract/machine.ts';
import type { Draft } from './proposal.ts';

const looksLikeKey = /\.(?:private|key|pem)$/;
const mostDepth = 4;

/** Whether there is a private key somewhere below a folder. */
const hasKey = async (machine: Machine, folder: string, depth = 0): Promise<boolean> => {
  const names = (await machine.namesIn(folder)) ?? [];
  if (names.some((name) => looksLikeKey.test(name))) return true;
  if (depth >= mostDepth) return false;
  for (const name of names.slice(0, 500)) {
    const child = `${folder}/${name}`;
    if ((await machine.placeAt(child)) === 'folder' && (await hasKey(machine, child, depth + 1))) return true;
  }
  return false;
};

/** Tells when none of the places has a private key for DKIM; one that cannot be looked into may have. */
export const tellDkim = async (draft: Draft, places: readonly string[]): Promise<void> => {
  for (const place of places) {
    const there = await draft.machine.placeAt(place);
    if (there === 'closed' || there === 'file' || (there === 'folder' && (await hasKey(draft.machine, place)))) return;
  }
  draft.tell({ code: 'dkim-missing', places });
};
