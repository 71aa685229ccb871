import { createReadStream } from 'node:fs';
import { lchown, lstat, readdir, readFile, readlink, realpath, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { RestoredFile, RestoredTree } from '../../../contract/drill.ts';
import { type Run, throwIfInterrupted } from '../../../contract/run.ts';
import {
  byteStringOfBytes,
  byteStringOfLatin1,
  byteStringOfText,
  type ByteString,
  displayText,
} from '../../../model/byte-string.ts';
import type { Path } from '../../../model/entry.ts';
import { errnoFault } from '../../../system/errno.ts';
import { nativePath } from '../../../system/native-path.ts';

/** Larger files are no keys, filters or certificates. */
const largestText = 1 << 20;
const deepest = 24;
/** Dovecot takes no mail of the superuser. */
const nobody = 65_534;

const isMessages = (name: string): boolean => name === 'cur' || name === 'new' || name === 'tmp';

const isInside = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** Where a path really is; undefined when it is not there, or elsewhere. */
const realInside = async (path: string, folder: string): Promise<string | undefined> => {
  try {
    const real = await realpath(path);
    return isInside(real, await realpath(folder)) ? real : undefined;
  } catch {
    return undefined;
  }
};

async function* filesBelow(folder: string, at: readonly string[], run: Run): AsyncGenerator<RestoredFile, void> {
  throwIfInterrupted(run);
  const entries = await readdir(join(folder, ...at), { withFileTypes: true }).catch(() => []);
  const isMaildir = entries.some(({ name }) => name === 'cur') && entries.some(({ name }) => name === 'new');
  for (const entry of entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = [...at, entry.name];
    // Folders that are links are met where they lie.
    if (entry.isDirectory()) {
      if (!(isMaildir && isMessages(entry.name)) && at.length < deepest) yield* filesBelow(folder, path, run);
      continue;
    }
    const real = await realInside(join(folder, ...path), folder);
    const look = real === undefined ? undefined : await stat(real).catch(() => undefined);
    if (look?.isFile() === true) yield { path: path.join('/'), size: look.size };
  }
}

/** Takes away links of a folder, and of all below it, that lead out of `root`, and gives what is the superuser's to nobody. */
const makeHarmless = async (folder: ByteString, root: string, givesAway: boolean): Promise<void> => {
  for (const entry of await readdir(nativePath(folder), { withFileTypes: true, encoding: 'buffer' })) {
    const whole = byteStringOfLatin1(`${folder}/${byteStringOfBytes(entry.name)}`);
    const path = nativePath(whole);
    if (entry.isSymbolicLink()) {
      const target = resolve(displayText(folder), await readlink(path, 'utf8'));
      const real = await realpath(path).catch(() => target);
      if (!isInside(target, root) || !isInside(real, root)) await unlink(path);
      continue;
    }
    if (givesAway) await lchown(path, nobody, nobody);
    if (entry.isDirectory()) await makeHarmless(whole, root, givesAway);
  }
};

const native = (folder: string, path: Path): string | Buffer =>
  nativePath(byteStringOfLatin1([byteStringOfText(folder), ...path].join('/')));

/** What lies in a folder now, of a component that was restored there. */
export const restoredTreeIn = (folder: string): RestoredTree => ({
  folder,
  files: (run) => filesBelow(folder, [], run),
  text: async (path) => {
    const real = await realInside(join(folder, path), folder);
    if (real === undefined) return undefined;
    try {
      return (await stat(real)).size > largestText ? undefined : await readFile(real, 'latin1');
    } catch (error) {
      throw errnoFault(error, 'read', real);
    }
  },
  names: async (path) => {
    const names = await readdir(native(folder, path), { encoding: 'buffer' }).catch(() => []);
    return new Set<ByteString>(names.map(byteStringOfBytes));
  },
  read: async function* (path) {
    const place = native(folder, path);
    try {
      for await (const bytes of createReadStream(place)) if (bytes instanceof Uint8Array) yield bytes;
    } catch (error) {
      throw errnoFault(error, 'read', byteStringOfLatin1(path.join('/')));
    }
  },
  adopt: async (path) => {
    const place = native(folder, path);
    try {
      const maildir = place.toString();
      const root = await realpath(folder);
      const { uid, gid } = await lstat(place);
      const givesAway = uid === 0 && process.geteuid?.() === 0;
      await makeHarmless(byteStringOfLatin1([byteStringOfText(folder), ...path].join('/')), root, givesAway);
      if (!givesAway) return { maildir, uid, gid };
      await lchown(place, nobody, nobody);
      return { maildir, uid: nobody, gid: nobody };
    } catch (error) {
      throw errnoFault(error, 'prepare', dirname(place.toString()));
    }
  },
});
