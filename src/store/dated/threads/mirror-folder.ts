import { copyFileSync, constants, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { byteStringOfLatin1, type ByteString } from '../../../model/byte-string.ts';
import { nativePath } from '../../../system/native-path.ts';
import { Stopped } from '../../../system/hash-file.ts';
import type { MirrorJob, MirrorReply } from './page-job.ts';
import { linkFile } from './place-file.ts';

/** Gives all that lies directly in a folder a second name in another. Throws the system's error. */
export const mirrorFolder = (
  { from, to }: MirrorJob,
  { copies, stopped }: { readonly copies: boolean; readonly stopped: () => boolean },
): MirrorReply => {
  const folders: string[] = [];
  let files = 0;
  for (const entry of readdirSync(nativePath(byteStringOfLatin1(from)), { encoding: 'buffer', withFileTypes: true })) {
    if (stopped()) throw new Stopped();
    const name = entry.name.toString('latin1');
    if (entry.isDirectory()) {
      folders.push(name);
      continue;
    }
    files++;
    const [source, target] = [byteStringOfLatin1(`${from}/${name}`), byteStringOfLatin1(`${to}/${name}`)];
    if (copies || !linkFile(source, target)) copyEntry(source, target, entry.isSymbolicLink());
  }
  return { kind: 'mirror', folders, files };
};

const copyEntry = (source: ByteString, target: ByteString, isLink: boolean): void => {
  if (isLink) symlinkSync(readlinkSync(nativePath(source), { encoding: 'buffer' }), nativePath(target));
  else copyFileSync(nativePath(source), nativePath(target), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
};
