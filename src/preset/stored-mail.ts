import type { Machine } from '../contract/machine.ts';
import { formBytes, type StoredForm, storedFormOf } from '../mail/stored-form.ts';

/** How many folders and messages are looked at: enough to see what a server does, on any size of it. */
const mostFolders = 600;
const mostMessages = 40;
const eachFolder = 2;

/** Newest first: a server may have begun to compress or encrypt some day. Names begin with the time of delivery. */
const someOf = (names: readonly string[]): readonly string[] =>
  names
    .filter((name) => !name.startsWith('.') && !name.startsWith('dovecot'))
    .sort((left, right) => Number.parseInt(right, 10) - Number.parseInt(left, 10))
    .slice(0, eachFolder);

/** In which forms messages lie below a folder, by a sample of them. Undefined when there is none that can be read. */
export const formsOfMail = async (machine: Machine, root: string): Promise<ReadonlySet<StoredForm> | undefined> => {
  const forms = new Set<StoredForm>();
  let seen = 0;
  const waiting = [root];
  for (let folders = 0; waiting.length > 0 && folders < mostFolders && seen < mostMessages; folders++) {
    const folder = waiting.shift() ?? root;
    const names = (await machine.namesIn(folder)) ?? [];
    if (/\/(?:cur|new)$/.test(folder)) {
      for (const name of someOf(names)) {
        const beginning = await machine.beginningOf(`${folder}/${name}`, formBytes);
        if (beginning === undefined || beginning.length === 0) continue;
        forms.add(storedFormOf(beginning));
        seen++;
      }
      continue;
    }
    const children = names.map((name) => `${folder}/${name}`);
    // The messages of a mailbox before other mailboxes: a sample goes across many of them.
    const own = children.filter((child) => /\/(?:cur|new)$/.test(child));
    waiting.unshift(...own);
    for (const child of children) {
      if (own.includes(child) || child.endsWith('/tmp')) continue;
      if ((await machine.placeAt(child)) === 'folder') waiting.push(child);
    }
  }
  return seen === 0 ? undefined : forms;
};
